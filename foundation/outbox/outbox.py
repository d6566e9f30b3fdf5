"""Events that commit together with the change they tell of, and reach every subscriber at least once.

An event gets one delivery row for each subscriber of its topic when it is appended; each subscriber
claims its own rows with SKIP LOCKED, so a late commit is never jumped over and a subscriber that
lags, fails or is down for an hour holds up nobody else.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    column,
    delete,
    exists,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, insert
from sqlalchemy.exc import SQLAlchemyError

from foundation.clock import Clock
from foundation.ids import new_id
from foundation.log import logger
from foundation.personal import personal, through
from foundation.sql import Ledger, metadata

LONGEST_BACKOFF = timedelta(seconds=60)
log = logger(__name__)

OUTBOX = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("customer_id", Text, index=True),
    Column("payload", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    info=personal("customer_id"),
)
DELIVERIES = Table(
    "outbox_deliveries",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("event_id", Text, ForeignKey(OUTBOX.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("position", BigInteger, Identity(), nullable=False),
    Column("appended_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("last_error", Text),
    Column("delivered_at", DateTime(timezone=True)),
    info=personal(through("event_id", OUTBOX.c.id)),
)
Index(
    "ix_outbox_deliveries_waiting",
    DELIVERIES.c.subscriber,
    DELIVERIES.c.position,
    postgresql_where=DELIVERIES.c.delivered_at.is_(None),
)


def _with_deliveries(events: Insert) -> Insert:
    """The events, and a delivery of each for each of `takers`; nothing of those that are there already."""
    appended = events.on_conflict_do_nothing().returning(OUTBOX.c.id, OUTBOX.c.at).cte()
    takers = func.unnest(bindparam("takers", type_=ARRAY(Text))).table_valued("name")
    deliveries = select(takers.c.name, appended.c.id, appended.c.at, appended.c.at)
    columns = ["subscriber", "event_id", "appended_at", "next_attempt_at"]
    source = deliveries.select_from(appended.join(takers, true()))
    return insert(DELIVERIES).from_select(columns, source).add_cte(appended)


def _append_statement() -> Insert:
    values = {column.name: bindparam(column.name, type_=column.type) for column in OUTBOX.c}
    return _with_deliveries(insert(OUTBOX).values(values))


def _append_all_statement() -> Insert:
    """Many of one topic, as one document: a row of parameters for each would take ten times as long."""
    columns = [column("id", Text), column("customer_id", Text), column("payload", JSONB)]
    told = func.jsonb_to_recordset(bindparam("told", type_=JSONB)).table_valued(*columns)
    rows = told.render_derived(with_types=True).c
    topic, at = bindparam("topic", type_=Text), bindparam("at", type_=OUTBOX.c.at.type)
    given = select(rows.id, topic, rows.customer_id, rows.payload, at)
    return _with_deliveries(insert(OUTBOX).from_select([each.name for each in OUTBOX.c], given))


APPEND = _append_statement()
APPEND_ALL = _append_all_statement()


@dataclass(frozen=True)
class Event:
    id: str
    topic: str
    customer_id: str | None
    payload: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class Subscription:
    """Who wants to hear of what; every process that appends knows all of them."""

    name: str
    topics: frozenset[str]


@dataclass(frozen=True)
class Subscriber:
    """A subscription with its hands.

    `handle` runs inside the transaction that marks the events delivered, so what it writes to the
    ledger happens exactly once; what it does elsewhere must stand being repeated, by event id.
    A batch is delivered or fails as one: only a handler that takes any event may ask for more than one.
    """

    subscription: Subscription
    handle: Callable[[Sequence[Event]], None]
    batch_rows: int = 1
    batch_wait: timedelta = timedelta(0)
    """How long an event may wait for the batch to fill."""


@dataclass(frozen=True)
class Lag:
    subscriber: str
    waiting: int
    failing: int
    oldest_at: datetime | None
    last_error: str | None


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
