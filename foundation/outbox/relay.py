"""Delivers events: each subscriber claims its own rows with SKIP LOCKED.

So a late commit is never jumped over, and a subscriber that lags, fails or is down for an hour
delays no other.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from foundation.clock import Clock
from foundation.log import logger
from foundation.outbox.models import AnySubscriber, Event, Rejected, Subscriber
from foundation.outbox.payloads import MalformedPayload
from foundation.outbox.tables import DELIVERIES, OUTBOX
from foundation.sql import Ledger

LONGEST_BACKOFF = timedelta(seconds=60)
LONGEST_REASON = 500
P = TypeVar("P")
log = logger(__name__)


class Relay:
    def __init__(self, ledger: Ledger, subscribers: Iterable[AnySubscriber], *, now: Clock) -> None:
        self._ledger = ledger
        self._subscribers = {each.subscription.name: each for each in subscribers}
        self._now = now

    def deliver(self, name: str) -> int:
        """One batch to one subscriber, if one is due; how many events are dealt with."""
        subscriber = self._subscribers[name]
        with self._ledger.new_transaction() as connection:
            claimed = self._claim(connection, subscriber)
            events, malformed = _decoded(subscriber, claimed)
            self._dead_letter(connection, name, malformed)
            outcome = _attempt(connection, subscriber, events) if events else ()
            if isinstance(outcome, Exception):
                self._postpone(connection, name, claimed, but=malformed, error=_in_a_line(outcome))
            else:
                self._mark_delivered(connection, name, events, but=outcome)
                self._dead_letter(connection, name, outcome)
        if isinstance(outcome, Exception):
            log.warning("delivery_failed", subscriber=name, events=len(events), error=type(outcome).__name__)
            return len(malformed)
        return len(claimed)

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

    def _claim(self, connection: Connection, subscriber: Subscriber[Any]) -> Sequence[Row[Any]]:
        now = self._now()
        statement = (
            select(OUTBOX, DELIVERIES.c.attempts)
            .join_from(DELIVERIES, OUTBOX)
            .where(DELIVERIES.c.subscriber == subscriber.subscription.name)
            .where(DELIVERIES.c.delivered_at.is_(None), DELIVERIES.c.dead_lettered_at.is_(None))
            .where(DELIVERIES.c.next_attempt_at <= now)
            .order_by(DELIVERIES.c.position)
            .limit(subscriber.batch_rows)
            .with_for_update(of=DELIVERIES, skip_locked=True)
        )
        rows = connection.execute(statement).all()
        is_full = len(rows) == subscriber.batch_rows
        is_ripe = any(row.at <= now - subscriber.batch_wait for row in rows)
        return rows if is_full or is_ripe else []

    def _mark_delivered(
        self, connection: Connection, name: str, events: Sequence[Event[Any]], *, but: Sequence[Rejected]
    ) -> None:
        ids = {event.id for event in events} - {each.event_id for each in but}
        statement = (
            update(DELIVERIES)
            .where(DELIVERIES.c.subscriber == name, DELIVERIES.c.event_id.in_(ids))
            .values(delivered_at=self._now(), attempts=DELIVERIES.c.attempts + 1, last_error=None)
        )
        connection.execute(statement)

    def _dead_letter(self, connection: Connection, name: str, rejected: Sequence[Rejected]) -> None:
        for each in rejected:
            statement = (
                update(DELIVERIES)
                .where(DELIVERIES.c.subscriber == name, DELIVERIES.c.event_id == each.event_id)
                .values(
                    dead_lettered_at=self._now(),
                    attempts=DELIVERIES.c.attempts + 1,
                    last_error=each.reason[:LONGEST_REASON],
                )
            )
            connection.execute(statement)
            log.error("event_dead_lettered", subscriber=name, event_id=each.event_id, reason=each.reason)

    def _postpone(
        self,
        connection: Connection,
        name: str,
        rows: Sequence[Row[Any]],
        *,
        but: Sequence[Rejected],
        error: str,
    ) -> None:
        statement = (
            update(DELIVERIES)
            .where(DELIVERIES.c.subscriber == name, DELIVERIES.c.event_id == bindparam("id"))
            .values(attempts=bindparam("attempt"), next_attempt_at=bindparam("due"), last_error=error)
        )
        now, dead = self._now(), {each.event_id for each in but}
        values = [
            {"id": row.id, "attempt": row.attempts + 1, "due": now + _backoff(row.attempts + 1)}
            for row in rows
            if row.id not in dead
        ]
        connection.execute(statement, values)


def _decoded(subscriber: Subscriber[P], rows: Sequence[Row[Any]]) -> tuple[list[Event[P]], list[Rejected]]:
    """The events that can be read, and those that cannot."""
    events, malformed = [], []
    for row in rows:
        try:
            payload = subscriber.decode(row.topic, row.payload)
        except MalformedPayload as error:
            malformed.append(Rejected(row.id, str(error)))
        else:
            events.append(Event(row.id, row.topic, row.customer_id, payload, row.at))
    return events, malformed


def _attempt(
    connection: Connection, subscriber: Subscriber[P], events: Sequence[Event[P]]
) -> Exception | Sequence[Rejected]:
    """What went wrong; else the events that the handler rejected."""
    try:
        with connection.begin_nested():
            return subscriber.handle(events) or ()
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is recorded and tried again later
        return error


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:LONGEST_REASON]


def _backoff(attempts: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(attempts, 10)), LONGEST_BACKOFF)
