"""Delivers events: each subscriber claims its own rows with SKIP LOCKED.

So a late commit is never jumped over, and a subscriber that lags, fails or is down for an hour
delays no other.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from foundation.clock import Clock
from foundation.log import logger
from foundation.outbox.models import Event, Subscriber
from foundation.outbox.tables import DELIVERIES, OUTBOX
from foundation.sql import Ledger

LONGEST_BACKOFF = timedelta(seconds=60)
log = logger(__name__)


class Relay:
    def __init__(self, ledger: Ledger, subscribers: Iterable[Subscriber], *, now: Clock) -> None:
        self._ledger = ledger
        self._subscribers = {each.subscription.name: each for each in subscribers}
        self._now = now

    def deliver(self, name: str) -> int:
        """One batch to one subscriber, if one is due; how many events it took."""
        subscriber = self._subscribers[name]
        with self._ledger.separately() as connection:
            claimed = self._claim(connection, subscriber)
            if not claimed:
                return 0
            error = _attempt(connection, subscriber, [_event(row) for row in claimed])
            if error is None:
                self._mark_delivered(connection, name, claimed)
                return len(claimed)
            self._postpone(connection, name, claimed, error=_in_a_line(error))
        log.warning("delivery_failed", subscriber=name, events=len(claimed), error=type(error).__name__)
        return 0

    def run(self, stop: threading.Event, *, poll: timedelta = timedelta(seconds=1)) -> None:
        """Deliver until `stop` is set: a thread for each subscriber, so that none waits for another."""
        threads = [
            threading.Thread(target=self._serve, args=(name, stop, poll), name=f"relay-{name}")
            for name in self._subscribers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _serve(self, name: str, stop: threading.Event, poll: timedelta) -> None:
        while not stop.is_set():
            try:
                delivered = self.deliver(name)
            except SQLAlchemyError as error:  # the ledger is away: what was claimed is free again
                log.warning("relay_waits_for_ledger", subscriber=name, error=type(error).__name__)
                delivered = 0
            if not delivered:
                stop.wait(poll.total_seconds())

    def _claim(self, connection: Connection, subscriber: Subscriber) -> Sequence[Row[Any]]:
        now = self._now()
        statement = (
            select(OUTBOX, DELIVERIES.c.attempts)
            .join_from(DELIVERIES, OUTBOX)
            .where(DELIVERIES.c.subscriber == subscriber.subscription.name)
            .where(DELIVERIES.c.delivered_at.is_(None), DELIVERIES.c.next_attempt_at <= now)
            .order_by(DELIVERIES.c.position)
            .limit(subscriber.batch_rows)
            .with_for_update(of=DELIVERIES, skip_locked=True)
        )
        rows = connection.execute(statement).all()
        is_full = len(rows) == subscriber.batch_rows
        is_ripe = any(row.at <= now - subscriber.batch_wait for row in rows)
        return rows if is_full or is_ripe else []

    def _mark_delivered(self, connection: Connection, name: str, rows: Sequence[Row[Any]]) -> None:
        statement = (
            update(DELIVERIES)
            .where(DELIVERIES.c.subscriber == name, DELIVERIES.c.event_id.in_([row.id for row in rows]))
            .values(delivered_at=self._now(), attempts=DELIVERIES.c.attempts + 1, last_error=None)
        )
        connection.execute(statement)

    def _postpone(self, connection: Connection, name: str, rows: Sequence[Row[Any]], *, error: str) -> None:
        statement = (
            update(DELIVERIES)
            .where(DELIVERIES.c.subscriber == name, DELIVERIES.c.event_id == bindparam("id"))
            .values(attempts=bindparam("attempt"), next_attempt_at=bindparam("due"), last_error=error)
        )
        now = self._now()
        values = [
            {"id": row.id, "attempt": row.attempts + 1, "due": now + _backoff(row.attempts + 1)}
            for row in rows
        ]
        connection.execute(statement, values)


def _attempt(connection: Connection, subscriber: Subscriber, events: Sequence[Event]) -> Exception | None:
    """What went wrong; None when the events were taken."""
    try:
        with connection.begin_nested():
            subscriber.handle(events)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is recorded and tried again later
        return error
    return None


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:500]


def _backoff(attempts: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(attempts, 10)), LONGEST_BACKOFF)


def _event(row: Row[Any]) -> Event:
    return Event(row.id, row.topic, row.customer_id, row.payload, row.at)
