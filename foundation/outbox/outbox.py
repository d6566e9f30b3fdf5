"""Publish events in the transaction of the change they describe, and see how far their delivery is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, exists, func, select, update

from foundation.clock import Clock
from foundation.ids import new_id
from foundation.outbox.models import DeadLetter, Event, Lag, Subscription
from foundation.outbox.payloads import P, Payload, document
from foundation.outbox.tables import APPEND, APPEND_ALL, DELIVERIES, OUTBOX
from foundation.sql import Ledger

DEAD = DELIVERIES.c.delivered_at.is_(None) & DELIVERIES.c.dead_lettered_at.is_not(None)


@dataclass(frozen=True)
class Outgoing:
    """One of many events that are published together."""

    id: str
    customer_id: str
    payload: Payload


class Outbox:
    def __init__(self, ledger: Ledger, subscriptions: Iterable[Subscription], *, now: Clock) -> None:
        self._ledger = ledger
        self._subscriptions = tuple(subscriptions)
        self._now = now

    def publish(self, payload: P, *, customer_id: str | None = None, event_id: str | None = None) -> Event[P]:
        """Inside the caller's transaction; an `event_id` that is there already changes nothing."""
        event = Event(event_id or new_id("evt"), payload.topic, customer_id, payload, self._now())
        row = {
            **vars(event),
            "payload": document(payload),
            "subscribers": self._readers(payload.topic),
        }
        with self._ledger.transaction() as connection:
            connection.execute(APPEND, row)
        return event

    def publish_all(self, outgoing: Sequence[Outgoing]) -> None:
        """Many of one topic at once; else as `publish`."""
        if not outgoing:
            return
        topic = outgoing[0].payload.topic
        rows = [{**vars(each), "payload": document(each.payload)} for each in outgoing]
        values = {
            "published": rows,
            "topic": topic,
            "at": self._now(),
            "subscribers": self._readers(topic),
        }
        with self._ledger.transaction() as connection:
            connection.execute(APPEND_ALL, values)

    def lag(self) -> list[Lag]:
        """One line for each subscription, however little waits for it."""
        dead = DELIVERIES.c.dead_lettered_at.is_not(None)
        failing = ~dead & (DELIVERIES.c.attempts > 0)
        columns = (
            DELIVERIES.c.subscriber,
            func.count().filter(~dead).label("waiting"),
            func.count().filter(failing).label("failing"),
            func.min(DELIVERIES.c.appended_at).filter(~dead).label("oldest_at"),
            func.max(DELIVERIES.c.last_error).filter(~dead).label("last_error"),
            func.count().filter(dead).label("dead_letters"),
        )
        undelivered = DELIVERIES.c.delivered_at.is_(None)
        statement = select(*columns).where(undelivered).group_by(DELIVERIES.c.subscriber)
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

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """The oldest first."""
        columns = (
            DELIVERIES.c.subscriber,
            DELIVERIES.c.event_id,
            OUTBOX.c.topic,
            DELIVERIES.c.last_error.label("reason"),
            DELIVERIES.c.dead_lettered_at.label("at"),
        )
        wanted = select(*columns).join_from(DELIVERIES, OUTBOX).where(DEAD).order_by(DELIVERIES.c.position)
        with self._ledger.transaction() as connection:
            return [DeadLetter(**row._mapping) for row in connection.execute(wanted.limit(limit))]

    def retry_dead_letters(self) -> int:
        """Let all of them be delivered once more, after a correction; how many."""
        values = {"dead_lettered_at": None, "next_attempt_at": self._now()}
        with self._ledger.transaction() as connection:
            return connection.execute(update(DELIVERIES).where(DEAD).values(values)).rowcount

    def _readers(self, topic: str) -> list[str]:
        return [each.name for each in self._subscriptions if topic in each.topics]
