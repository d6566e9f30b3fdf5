"""The outbox's subscriber that fills the warehouse; a row that does not fit its table is rejected."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from foundation.outbox import Event, Rejected, Subscriber, Subscription, as_document
from foundation.settings import WarehouseSettings
from foundation.warehouse.base import Row, Warehouse
from foundation.warehouse.schema import Table

NAME = "warehouse"


def subscription(tables: Mapping[str, Table]) -> Subscription:
    """To every topic that has a table."""
    return Subscription(NAME, frozenset(tables))


class WarehouseFeed:
    def __init__(self, warehouse: Warehouse, tables: Mapping[str, Table]) -> None:
        self._warehouse = warehouse
        self._subscription = subscription(tables)

    def subscriber(self, settings: WarehouseSettings) -> Subscriber[Row]:
        wait = timedelta(seconds=settings.batch_seconds)
        return Subscriber(
            self._subscription, self.append, as_document, batch_rows=settings.batch_rows, batch_wait=wait
        )

    def append(self, events: Sequence[Event[Row]]) -> list[Rejected]:
        """Append a batch; the warehouse knows the rows it has seen, so that a batch may come twice."""
        by_topic: dict[str, list[Event[Row]]] = {}
        for event in events:
            by_topic.setdefault(event.topic, []).append(event)
        return [
            Rejected(same[rejection.position].id, str(rejection.fault))
            for topic, same in by_topic.items()
            for rejection in self._warehouse.append(topic, [event.payload for event in same])
        ]
