"""The outbox's subscriber that fills the warehouse; what does not fit is parked, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.clock import Clock
from foundation.log import logger
from foundation.outbox import Event, Subscriber, Subscription
from foundation.personal import in_document, personal
from foundation.settings import WarehouseSettings
from foundation.sql import Ledger, metadata
from foundation.warehouse.base import Warehouse
from foundation.warehouse.schema import Fault
from foundation.warehouse.schema import Table as WarehouseTable

NAME = "warehouse"
log = logger(__name__)

PARKED = Table(
    "warehouse_parked",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("fault", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    info=personal(in_document("payload", "customer_id")),
)


@dataclass(frozen=True)
class Parked:
    """An event whose row does not fit its table; it waits for the schema or the row to be mended."""

    event_id: str
    topic: str
    payload: dict[str, Any]
    fault: str
    at: datetime


def subscription(tables: Mapping[str, WarehouseTable]) -> Subscription:
    """To every topic that has a table."""
    return Subscription(NAME, frozenset(tables))


class WarehouseFeed:
    def __init__(
        self, ledger: Ledger, warehouse: Warehouse, tables: Mapping[str, WarehouseTable], *, now: Clock
    ) -> None:
        self._ledger = ledger
        self._warehouse = warehouse
        self._subscription = subscription(tables)
        self._now = now

    def subscriber(self, settings: WarehouseSettings) -> Subscriber:
        wait = timedelta(seconds=settings.batch_seconds)
        return Subscriber(self._subscription, self.take, batch_rows=settings.batch_rows, batch_wait=wait)

    def take(self, events: Sequence[Event]) -> None:
        """Append a batch; the warehouse knows the rows it has seen, so that a batch may come twice."""
        by_topic: dict[str, list[Event]] = {}
        for event in events:
            by_topic.setdefault(event.topic, []).append(event)
        for topic, same in by_topic.items():
            for rejection in self._warehouse.append(topic, [event.payload for event in same]):
                self._park(same[rejection.position], rejection.fault)

    def parked(self) -> list[Parked]:
        with self._ledger.transaction() as connection:
            rows = connection.execute(select(PARKED).order_by(PARKED.c.at)).all()
        return [Parked(**row._mapping) for row in rows]

    def retry_parked(self) -> int:
        """Try the parked rows again, after a new schema or a mended row; how many fit now."""
        fitted = 0
        for parked in self.parked():
            if not self._warehouse.append(parked.topic, [parked.payload]):
                with self._ledger.transaction() as connection:
                    connection.execute(delete(PARKED).where(PARKED.c.event_id == parked.event_id))
                fitted += 1
        return fitted

    def _park(self, event: Event, fault: Fault) -> None:
        log.error("warehouse_row_parked", event_id=event.id, topic=event.topic, field=fault.field)
        row = {
            "event_id": event.id,
            "topic": event.topic,
            "payload": event.payload,
            "fault": str(fault),
            "at": self._now(),
        }
        with self._ledger.transaction() as connection:
            connection.execute(insert(PARKED).values(row).on_conflict_do_nothing())
