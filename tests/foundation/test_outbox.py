import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import Column, MetaData, Table, Text, func, insert, select, text, update

from foundation.outbox import (
    DELIVERIES,
    OUTBOX,
    Decoder,
    Event,
    Lag,
    Outbox,
    Outgoing,
    Rejected,
    Relay,
    Subscriber,
    Subscription,
    document,
)
from foundation.sql import Ledger
from tests.fakes import FakeClock

NOTICES = Subscription("notices", frozenset({"memberships", "raffle_tickets"}))
BENEFITS = Subscription("benefits", frozenset({"memberships"}))


@dataclass(frozen=True, kw_only=True)
class Changed:
    topic: ClassVar[str] = "memberships"

    id: str = "mem_1"
    price_cents: int = 9700


@dataclass(frozen=True, kw_only=True)
class Issued:
    topic: ClassVar[str] = "raffle_tickets"

    id: str = "tkt_1"


@dataclass(frozen=True, kw_only=True)
class Learned:
    topic: ClassVar[str] = "interactions"

    id: str = "trn_1"


AnyEvent = Event[Changed | Issued]
DECODE: Decoder[Changed | Issued] = Decoder(Changed, Issued)
Handler = Callable[[Sequence[AnyEvent]], Sequence[Rejected] | None]


class Listener:
    """Remembers what it was told; raises while `error` is set."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.calls: list[int] = []
        self.error: Exception | None = None

    def __call__(self, events: Sequence[AnyEvent]) -> None:
        self.calls.append(len(events))
        if self.error is not None:
            raise self.error
        self.heard += [event.id for event in events]


@pytest.fixture
def outbox(ledger: Ledger, clock: FakeClock) -> Outbox:
    return Outbox(ledger, [NOTICES, BENEFITS], now=clock)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def _relay(ledger: Ledger, clock: FakeClock, handle: Handler, *, rows: int = 1, wait: float = 0) -> Relay:
    one = Subscriber(NOTICES, handle, DECODE, batch_rows=rows, batch_wait=timedelta(seconds=wait))
    return Relay(ledger, [one], now=clock)


def _count(ledger: Ledger, table: Table) -> int:
    with ledger.transaction() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


class TestAppend:
    def test_event_is_undone_with_the_change_it_tells_of(self, ledger: Ledger, outbox: Outbox) -> None:
        def change() -> None:
            with ledger.transaction():
                outbox.publish(Changed(id="mem_1"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            change()

        assert _count(ledger, OUTBOX) == 0

    def test_each_subscriber_of_the_topic_gets_a_delivery(self, ledger: Ledger, outbox: Outbox) -> None:
        outbox.publish(Changed())
        outbox.publish(Issued())
        outbox.publish(Learned())

        with ledger.transaction() as connection:
            statement = select(DELIVERIES.c.subscriber, func.count().label("events")).group_by(
                DELIVERIES.c.subscriber
            )
            counts = {row.subscriber: row.events for row in connection.execute(statement)}
        assert counts == {"notices": 2, "benefits": 1}

    def test_same_event_id_is_told_once(self, ledger: Ledger, outbox: Outbox, clock: FakeClock) -> None:
        heard = Listener()
        outbox.publish(Changed(id="first"), event_id="evt_1")
        outbox.publish(Changed(id="second"), event_id="evt_1")
        relay = _relay(ledger, clock, heard)

        delivered = [relay.deliver("notices"), relay.deliver("notices")]

        assert (delivered, heard.heard) == ([1, 0], ["evt_1"])

    def test_many_at_once_are_told_as_each_alone(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        outbox.publish(Changed(id="mem_1"), customer_id="cus_ana", event_id="evt_1")
        many = [Outgoing(f"evt_{number}", "cus_ana", Changed(id=f"mem_{number}")) for number in range(1, 4)]

        outbox.publish_all(many)
        outbox.publish_all([])

        with ledger.transaction() as connection:
            rows = connection.execute(select(OUTBOX).order_by(OUTBOX.c.id)).mappings().all()
        expected = [
            Event(each.id, "memberships", each.customer_id, document(each.payload), clock()) for each in many
        ]
        assert [Event(**row) for row in rows] == expected
        assert _count(ledger, DELIVERIES) == 3 * 2

    def test_event_arrives_as_it_was_appended(self, ledger: Ledger, outbox: Outbox, clock: FakeClock) -> None:
        arrived: list[AnyEvent] = []
        appended = outbox.publish(Changed(price_cents=19700), customer_id="cus_1")

        _relay(ledger, clock, arrived.extend).deliver("notices")

        assert arrived == [appended]


class TestDeliver:
    def test_late_commit_is_delivered(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        relay = _relay(ledger, clock, listener)
        with ledger.new_transaction():
            late = outbox.publish(Changed())
            with ledger.new_transaction():
                early = outbox.publish(Changed())
            relay.deliver("notices")

        relay.deliver("notices")

        assert listener.heard == [early.id, late.id]

    def test_two_relays_never_take_the_same_event(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        for _ in range(40):
            outbox.publish(Changed())
        relay = _relay(ledger, clock, listener)

        def drain() -> None:
            while relay.deliver("notices"):
                pass

        threads = [threading.Thread(target=drain) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        drain()

        assert len(listener.heard) == len(set(listener.heard)) == 40

    def test_handler_and_delivery_commit_together(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        seen = Table("seen", MetaData(), Column("id", Text, primary_key=True))
        with ledger.transaction() as connection:
            seen.create(connection)

        def write_then_fail(events: Sequence[AnyEvent]) -> None:
            with ledger.transaction() as connection:
                connection.execute(insert(seen), [{"id": event.id} for event in events])
            raise RuntimeError("after the write")

        outbox.publish(Changed())

        _relay(ledger, clock, write_then_fail).deliver("notices")

        assert _count(ledger, seen) == 0

    def test_failure_is_named_and_tried_again_later(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        outbox.publish(Changed())
        relay = _relay(ledger, clock, listener)
        listener.error = RuntimeError("no mail server")

        relay.deliver("notices")
        relay.deliver("notices")
        lag = outbox.lag()[0]
        clock.advance(timedelta(seconds=3))
        listener.error = None
        delivered = relay.deliver("notices")

        assert (listener.calls, lag.failing, lag.last_error) == ([1, 1], 1, "RuntimeError: no mail server")
        assert delivered == 1

    def test_failing_event_does_not_hold_up_the_next(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        heard: list[str] = []

        def refuse_the_first(events: Sequence[AnyEvent]) -> None:
            if events[0].id == "evt_bad":
                raise ValueError
            heard.extend(event.id for event in events)

        outbox.publish(Changed(), event_id="evt_bad")
        outbox.publish(Changed(), event_id="evt_good")
        relay = _relay(ledger, clock, refuse_the_first)

        relay.deliver("notices")
        relay.deliver("notices")

        assert heard == ["evt_good"]

    def test_failing_subscriber_does_not_hold_up_another(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        broken = Listener()
        broken.error = RuntimeError("down")
        relay = Relay(
            ledger, [Subscriber(NOTICES, broken, DECODE), Subscriber(BENEFITS, listener, DECODE)], now=clock
        )
        event = outbox.publish(Changed())

        relay.deliver("notices")
        relay.deliver("benefits")

        assert listener.heard == [event.id]

    def test_wait_between_tries_stays_below_a_minute(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        outbox.publish(Changed())
        relay = _relay(ledger, clock, listener)
        listener.error = RuntimeError("down")

        for _ in range(60):
            relay.deliver("notices")
            clock.advance(timedelta(minutes=1))

        assert len(listener.calls) == 60

    def test_lost_connection_leaves_the_event_to_the_next_try(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        stop = threading.Event()

        def cut_the_line(_events: Sequence[AnyEvent]) -> None:
            stop.set()
            with ledger.transaction() as connection:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        event = outbox.publish(Changed())

        _relay(ledger, clock, cut_the_line).run(stop)
        _relay(ledger, clock, listener).deliver("notices")

        assert stop.is_set()
        assert listener.heard == [event.id]


class TestDeadLetters:
    def _malformed(self, ledger: Ledger, outbox: Outbox, **payload: Any) -> None:  # noqa: ANN401
        outbox.publish(Changed(), customer_id="cus_ana", event_id="evt_bad")
        with ledger.transaction() as connection:
            connection.execute(update(OUTBOX).where(OUTBOX.c.id == "evt_bad").values(payload))

    def test_payload_that_does_not_fit_is_set_aside_and_its_batch_goes_on(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        self._malformed(ledger, outbox, payload={"id": "mem_1", "price_cents": "ana@example.com"})
        good = outbox.publish(Changed())
        relay = _relay(ledger, clock, listener, rows=10)

        delivered = [relay.deliver("notices"), relay.deliver("notices")]

        [letter] = outbox.dead_letters()
        assert (delivered, listener.heard) == ([2, 0], [good.id])
        assert (letter.subscriber, letter.event_id, letter.topic) == ("notices", "evt_bad", "memberships")
        assert letter.reason.startswith("The payload does not fit its topic memberships: price_cents: ")
        assert "ana@example.com" not in letter.reason
        assert outbox.lag()[0] == Lag("notices", 0, 0, None, None, dead_letters=1)

    def test_topic_that_the_subscriber_does_not_know_is_set_aside(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        self._malformed(ledger, outbox, topic="weather")

        _relay(ledger, clock, listener).deliver("notices")

        assert outbox.dead_letters()[0].reason == "No payload type is registered for the topic weather."

    def test_event_that_its_handler_rejects_is_set_aside_with_the_reason(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        first, second = outbox.publish(Changed()), outbox.publish(Changed())
        relay = _relay(ledger, clock, lambda _: [Rejected(first.id, "no such tier")], rows=2)

        relay.deliver("notices")

        assert [(each.event_id, each.reason) for each in outbox.dead_letters()] == [
            (first.id, "no such tier")
        ]
        assert second.id not in str(outbox.dead_letters())

    def test_malformed_event_is_set_aside_though_its_batch_fails(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        self._malformed(ledger, outbox, payload={"price_cents": None})
        outbox.publish(Changed())
        listener.error = RuntimeError("down")

        _relay(ledger, clock, listener, rows=10).deliver("notices")

        lag = outbox.lag()[0]
        assert (lag.waiting, lag.failing, lag.dead_letters) == (1, 1, 1)

    def test_dead_letter_is_delivered_once_it_is_corrected_and_asked_for(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        self._malformed(ledger, outbox, payload={"price_cents": None})
        relay = _relay(ledger, clock, listener)
        relay.deliver("notices")
        clock.advance(timedelta(days=30))
        assert outbox.prune(keep=timedelta(days=7)) == 0
        with ledger.transaction() as connection:
            connection.execute(update(OUTBOX).values(payload={"price_cents": 9700}))

        retried = outbox.retry_dead_letters()
        relay.deliver("notices")

        assert (retried, listener.heard, outbox.dead_letters()) == (1, ["evt_bad"], [])


class TestBatch:
    def test_full_batch_goes_at_once(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        relay = _relay(ledger, clock, listener, rows=3, wait=30)
        for _ in range(4):
            outbox.publish(Changed())

        delivered = [relay.deliver("notices"), relay.deliver("notices")]

        assert delivered == [3, 0]

    def test_small_batch_waits_for_its_time(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        relay = _relay(ledger, clock, listener, rows=100, wait=30)
        outbox.publish(Changed())

        clock.advance(timedelta(seconds=29))
        early = relay.deliver("notices")
        clock.advance(timedelta(seconds=1))
        due = relay.deliver("notices")

        assert (early, due) == (0, 1)


class TestUpkeep:
    def test_lag_counts_what_waits(self, outbox: Outbox, clock: FakeClock) -> None:
        outbox.publish(Issued())

        lag = outbox.lag()

        assert lag == [Lag("notices", 1, 0, clock.now, None), Lag("benefits", 0, 0, None, None)]

    def test_old_delivered_events_are_pruned(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        outbox.publish(Issued())
        _relay(ledger, clock, listener).deliver("notices")
        clock.advance(timedelta(days=8))

        pruned = outbox.prune(keep=timedelta(days=7))

        assert (pruned, _count(ledger, OUTBOX), _count(ledger, DELIVERIES)) == (1, 0, 0)

    def test_undelivered_event_is_never_pruned(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        outbox.publish(Issued())
        clock.advance(timedelta(days=365))

        pruned = outbox.prune(keep=timedelta(days=7))

        assert (pruned, _count(ledger, OUTBOX)) == (0, 1)


class TestRun:
    def test_every_subscriber_is_served_until_the_stop(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        stop, both = threading.Event(), threading.Barrier(2)

        def meet(_events: Sequence[AnyEvent]) -> None:
            both.wait(timeout=10)
            stop.set()

        outbox.publish(Changed())

        Relay(ledger, [Subscriber(NOTICES, meet, DECODE), Subscriber(BENEFITS, meet, DECODE)], now=clock).run(
            stop
        )

        assert [lag.waiting for lag in outbox.lag()] == [0, 0]
