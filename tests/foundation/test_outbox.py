import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Column, MetaData, Table, Text, func, insert, select, text

from foundation.outbox import DELIVERIES, OUTBOX, Event, Lag, Outbox, Relay, Subscriber, Subscription
from foundation.sql import Ledger
from tests.fakes import FakeClock

NOTICES = Subscription("notices", frozenset({"memberships", "raffle_tickets"}))
BENEFITS = Subscription("benefits", frozenset({"memberships"}))
Handler = Callable[[Sequence[Event]], None]


class Listener:
    """Remembers what it was told; raises while `error` is set."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.calls: list[int] = []
        self.error: Exception | None = None

    def __call__(self, events: Sequence[Event]) -> None:
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
    one = Subscriber(NOTICES, handle, batch_rows=rows, batch_wait=timedelta(seconds=wait))
    return Relay(ledger, [one], now=clock)


def _count(ledger: Ledger, table: Table) -> int:
    with ledger.transaction() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


class TestAppend:
    def test_event_is_undone_with_the_change_it_tells_of(self, ledger: Ledger, outbox: Outbox) -> None:
        def change() -> None:
            with ledger.transaction():
                outbox.append("memberships", {"id": "mem_1"})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            change()

        assert _count(ledger, OUTBOX) == 0

    def test_each_subscriber_of_the_topic_gets_a_delivery(self, ledger: Ledger, outbox: Outbox) -> None:
        outbox.append("memberships", {})
        outbox.append("raffle_tickets", {})
        outbox.append("interactions", {})

        with ledger.transaction() as connection:
            statement = select(DELIVERIES.c.subscriber, func.count().label("events")).group_by(
                DELIVERIES.c.subscriber
            )
            counts = {row.subscriber: row.events for row in connection.execute(statement)}
        assert counts == {"notices": 2, "benefits": 1}

    def test_same_event_id_is_told_once(self, ledger: Ledger, outbox: Outbox, clock: FakeClock) -> None:
        heard = Listener()
        outbox.append("memberships", {"try": 1}, event_id="evt_1")
        outbox.append("memberships", {"try": 2}, event_id="evt_1")
        relay = _relay(ledger, clock, heard)

        delivered = [relay.deliver("notices"), relay.deliver("notices")]

        assert (delivered, heard.heard) == ([1, 0], ["evt_1"])

    def test_many_at_once_are_told_as_each_alone(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        outbox.append("memberships", {"id": "mem_1"}, customer_id="cus_ana", event_id="evt_1")
        many = [(f"evt_{number}", "cus_ana", {"id": f"mem_{number}"}) for number in range(1, 4)]

        outbox.append_all("memberships", many)
        outbox.append_all("memberships", [])

        with ledger.transaction() as connection:
            rows = connection.execute(select(OUTBOX).order_by(OUTBOX.c.id)).mappings().all()
        expected = [Event(each, "memberships", customer, fact, clock()) for each, customer, fact in many]
        assert [Event(**row) for row in rows] == expected
        assert _count(ledger, DELIVERIES) == 3 * 2

    def test_event_arrives_as_it_was_appended(self, ledger: Ledger, outbox: Outbox, clock: FakeClock) -> None:
        arrived: list[Event] = []
        appended = outbox.append("memberships", {"price_cents": 19700}, customer_id="cus_1")

        _relay(ledger, clock, arrived.extend).deliver("notices")

        assert arrived == [appended]


class TestDeliver:
    def test_late_commit_is_delivered(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        relay = _relay(ledger, clock, listener)
        with ledger.separately():
            late = outbox.append("memberships", {})
            with ledger.separately():
                early = outbox.append("memberships", {})
            relay.deliver("notices")

        relay.deliver("notices")

        assert listener.heard == [early.id, late.id]

    def test_two_relays_never_take_the_same_event(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        for _ in range(40):
            outbox.append("memberships", {})
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

        def write_then_fail(events: Sequence[Event]) -> None:
            with ledger.transaction() as connection:
                connection.execute(insert(seen), [{"id": event.id} for event in events])
            raise RuntimeError("after the write")

        outbox.append("memberships", {})

        _relay(ledger, clock, write_then_fail).deliver("notices")

        assert _count(ledger, seen) == 0

    def test_failure_is_named_and_tried_again_later(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        outbox.append("memberships", {})
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

        def refuse_the_first(events: Sequence[Event]) -> None:
            if events[0].id == "evt_bad":
                raise ValueError
            heard.extend(event.id for event in events)

        outbox.append("memberships", {}, event_id="evt_bad")
        outbox.append("memberships", {}, event_id="evt_good")
        relay = _relay(ledger, clock, refuse_the_first)

        relay.deliver("notices")
        relay.deliver("notices")

        assert heard == ["evt_good"]

    def test_failing_subscriber_does_not_hold_up_another(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        broken = Listener()
        broken.error = RuntimeError("down")
        relay = Relay(ledger, [Subscriber(NOTICES, broken), Subscriber(BENEFITS, listener)], now=clock)
        event = outbox.append("memberships", {})

        relay.deliver("notices")
        relay.deliver("benefits")

        assert listener.heard == [event.id]

    def test_wait_between_tries_stays_below_a_minute(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        outbox.append("memberships", {})
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

        def cut_the_line(_events: Sequence[Event]) -> None:
            stop.set()
            with ledger.transaction() as connection:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        event = outbox.append("memberships", {})

        _relay(ledger, clock, cut_the_line).run(stop)
        _relay(ledger, clock, listener).deliver("notices")

        assert stop.is_set()
        assert listener.heard == [event.id]


class TestBatch:
    def test_full_batch_goes_at_once(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        relay = _relay(ledger, clock, listener, rows=3, wait=30)
        for _ in range(4):
            outbox.append("memberships", {})

        delivered = [relay.deliver("notices"), relay.deliver("notices")]

        assert delivered == [3, 0]

    def test_small_batch_waits_for_its_time(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        relay = _relay(ledger, clock, listener, rows=100, wait=30)
        outbox.append("memberships", {})

        clock.advance(timedelta(seconds=29))
        early = relay.deliver("notices")
        clock.advance(timedelta(seconds=1))
        due = relay.deliver("notices")

        assert (early, due) == (0, 1)


class TestUpkeep:
    def test_lag_counts_what_waits(self, outbox: Outbox, clock: FakeClock) -> None:
        outbox.append("raffle_tickets", {})

        lag = outbox.lag()

        assert lag == [Lag("notices", 1, 0, clock.now, None), Lag("benefits", 0, 0, None, None)]

    def test_old_delivered_events_are_pruned(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock, listener: Listener
    ) -> None:
        outbox.append("raffle_tickets", {})
        _relay(ledger, clock, listener).deliver("notices")
        clock.advance(timedelta(days=8))

        pruned = outbox.prune(keep=timedelta(days=7))

        assert (pruned, _count(ledger, OUTBOX), _count(ledger, DELIVERIES)) == (1, 0, 0)

    def test_undelivered_event_is_never_pruned(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        outbox.append("raffle_tickets", {})
        clock.advance(timedelta(days=365))

        pruned = outbox.prune(keep=timedelta(days=7))

        assert (pruned, _count(ledger, OUTBOX)) == (0, 1)


class TestRun:
    def test_every_subscriber_is_served_until_the_stop(
        self, ledger: Ledger, outbox: Outbox, clock: FakeClock
    ) -> None:
        stop, both = threading.Event(), threading.Barrier(2)

        def meet(_events: Sequence[Event]) -> None:
            both.wait(timeout=10)
            stop.set()

        outbox.append("memberships", {})

        Relay(ledger, [Subscriber(NOTICES, meet), Subscriber(BENEFITS, meet)], now=clock).run(stop)

        assert [lag.waiting for lag in outbox.lag()] == [0, 0]
