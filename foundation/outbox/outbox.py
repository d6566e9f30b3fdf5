"""Append events in the transaction of the change they describe, and see how far their delivery is."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select

from foundation.clock import Clock
from foundation.ids import new_id
from foundation.outbox.models import Event, Lag, Subscription
from foundation.outbox.tables import APPEND, APPEND_ALL, DELIVERIES, OUTBOX
from foundation.sql import Ledger


class Outbox:
    def __init__(self, ledger: Ledger, subscriptions: Iterable[Subscription], *, now: Clock) -> None:
        self._ledger = ledger
        self._subscriptions = tuple(subscriptions)
        self._now = now

    def append(
        self,
        topic: str,
        payload: Mapping[str, Any],
        *,
        customer_id: str | None = None,
        event_id: str | None = None,
    ) -> Event:
        """Inside the caller's transaction; an `event_id` that is there already changes nothing."""
        event = Event(event_id or new_id("evt"), topic, customer_id, payload, self._now())
        takers = [each.name for each in self._subscriptions if topic in each.topics]
        with self._ledger.transaction() as connection:
            connection.execute(APPEND, {**vars(event), "takers": takers})
        return event

    def append_all(self, topic: str, told: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Many at once, each with its event id, customer and payload; else as `append`."""
        rows = [
            {"id": event_id, "customer_id": customer_id, "payload": payload}
            for event_id, customer_id, payload in told
        ]
        takers = [each.name for each in self._subscriptions if topic in each.topics]
        with self._ledger.transaction() as connection:
            connection.execute(
                APPEND_ALL, {"told": rows, "topic": topic, "at": self._now(), "takers": takers}
            )

    def lag(self) -> list[Lag]:
        """One line for each subscription, however little waits for it."""
        waiting = DELIVERIES.c.delivered_at.is_(None)
        failing = waiting & (DELIVERIES.c.attempts > 0)
        columns = (
            DELIVERIES.c.subscriber,
            func.count().label("waiting"),
            func.count().filter(failing).label("failing"),
            func.min(DELIVERIES.c.appended_at).label("oldest_at"),
            func.max(DELIVERIES.c.last_error).label("last_error"),
        )
        statement = select(*columns).where(waiting).group_by(DELIVERIES.c.subscriber)
        with self._ledger.transaction() as connection:
            found = {row.subscriber: Lag(**row._mapping) for row in connection.execute(statement)}
        return [found.get(each.name) or Lag(each.name, 0, 0, None, None) for each in self._subscriptions]

    def prune(self, *, keep: timedelta) -> int:
        """Drop events older than `keep` that everybody has received; how many were dropped."""
        undelivered = exists().where(
            DELIVERIES.c.event_id == OUTBOX.c.id, DELIVERIES.c.delivered_at.is_(None)
        )
        statement = delete(OUTBOX).where(OUTBOX.c.at < self._now() - keep, ~undelivered)
        with self._ledger.transaction() as connection:
            return connection.execute(statement).rowcount
