import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, select

from api.containers.adapters.catalogue import shop_terms
from api.containers.warehouse_tables import TABLES
from foundation.clock import Calendar
from foundation.crypto import DataKeys
from foundation.outbox import OUTBOX, Event, Outbox, Subscription
from foundation.sql import Ledger
from memory.conversations.events import InteractionRow
from memory.conversations.models import Interaction
from memory.conversations.store import INTERACTIONS
from memory.customer_view.service import CustomerView, CustomerViews
from memory.engine import MemoryEngine
from memory.events import MemoryEvents
from memory.facts.learning import FactLearning
from memory.facts.reader import AssertionReader
from memory.facts.store import Facts
from memory.ingest.subscriber import SUBSCRIPTION, Extractors, TurnSubscriber
from memory.ports import Eligibility
from memory.predictions.service import Predictions
from memory.profiles.store import ProfileStore
from memory.understanding.service import Enrichment
from memory.understanding.store import Understandings
from tests.fakes import FakeClock
from tests.memory.conftest import CHICAGO, NOON, said, until_somebody_waits
from tests.memory.predictions.conftest import FakeStorefront

WHO = "cus_ana"
MESSAGES = (
    "I love gummies for sleep. Do you sell tinctures?",
    "I hate mint. Cancel my membership please",
    "My budget is 40",
    "No me gusta la menta",
    "I don't like gummies any more",
    "🌿",
    "Actually my budget is 60",
)
OpenSubscriber = Callable[..., TurnSubscriber]

pytestmark = pytest.mark.slow


class NoStanding:
    def eligibility(self, customer_id: str) -> Eligibility:
        assert customer_id
        return Eligibility()


@pytest.fixture
def events(ledger: Ledger, data_keys: DataKeys, clock: FakeClock) -> MemoryEvents:
    """As the engine's, to the same subscribers."""
    subscriptions = [SUBSCRIPTION, Subscription("warehouse", frozenset(TABLES))]
    return MemoryEvents(Outbox(ledger, subscriptions, now=clock), data_keys, now=clock)


@pytest.fixture
def open_subscriber(
    ledger: Ledger, events: MemoryEvents, clock: FakeClock, enrichment: Enrichment, reader: AssertionReader
) -> OpenSubscriber:
    """Opens one as each relay does, over the one ledger."""
    calendar, facts = Calendar(CHICAGO, clock), Facts(ledger, now=clock, terms=shop_terms())
    barred = ProfileStore(ledger).is_barred
    outbox = Outbox(ledger, [], now=clock)
    predictions = Predictions(ledger, outbox, FakeStorefront(), calendar=calendar, is_barred=barred)
    customer_views = CustomerViews(ledger, facts, predictions, NoStanding(), terms=shop_terms())
    learning = FactLearning(reader, facts)

    def open_one(told: MemoryEvents = events) -> TurnSubscriber:
        subscribers = Extractors(lambda: enrichment, lambda: learning)
        return TurnSubscriber(ledger, subscribers, told, customer_views, calendar=calendar)

    return open_one


@pytest.fixture
def turn_subscriber(open_subscriber: OpenSubscriber) -> TurnSubscriber:
    return open_subscriber()


def turns_of(who: str) -> list[Interaction]:
    return [said(number, message, customer_id=who) for number, message in enumerate(MESSAGES)]


def told(*turns: Interaction) -> list[Event[InteractionRow]]:
    return [
        Event(f"evt_{turn.id}", InteractionRow.topic, turn.customer_id, _row(turn), NOON) for turn in turns
    ]


def _row(turn: Interaction) -> InteractionRow:
    return InteractionRow(
        interaction_id=turn.id,
        customer_id=turn.customer_id,
        session_id=turn.thread_id,
        channel=turn.channel,
        sealed_message="sealed",
        sealed_response="sealed",
        timestamp=turn.at,
        updated_at=turn.at,
    )


def rows(ledger: Ledger, topic: str) -> list[Mapping[str, Any]]:
    with ledger.transaction() as connection:
        found = select(OUTBOX.c.payload).where(OUTBOX.c.topic == topic).order_by(OUTBOX.c.at, OUTBOX.c.id)
        return list(connection.execute(found).scalars())


class TestProfile:
    def test_what_was_understood_is_in_it_and_its_version_is_the_last_position(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, ledger: Ledger
    ) -> None:
        turns = turns_of(WHO)
        memory.learn_all(turns)

        turn_subscriber.process(told(*turns))

        version, profile = ProfileStore(ledger).read(WHO)
        assert (version, profile.interactions) == (len(turns), len(turns))
        assert profile.named["category"] == {"edible": 2, "tincture": 1, "flower": 1}
        assert profile.named["flavour"] == {"mint": 2}
        assert profile.intents["cancel_membership"] == 1
        assert profile.sentiment is not None

    def test_it_is_the_same_bytes_in_whatever_order_and_however_often_it_is_heard(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, open_subscriber: OpenSubscriber
    ) -> None:
        """Learned, replayed, heard late, heard twice; each made again from the ledger."""
        kept = set()
        for seed in range(8):
            dice, turns = np.random.default_rng(seed), turns_of(f"cus_{seed}")
            steps: list[Callable[[], object]] = [partial(memory.learn, turn) for turn in turns]
            for subscribers in [turn_subscriber, open_subscriber()] * 3:
                some = [turns[at] for at in dice.permutation(len(turns))[: dice.integers(1, len(turns))]]
                steps.insert(int(dice.integers(1, len(steps))), partial(subscribers.process, told(*some)))
            steps += [partial(memory.learn_all, turns), partial(turn_subscriber.process, told(*turns))]
            for step in steps:
                step()

            incremental = memory.profile(f"cus_{seed}").to_bytes()
            assert memory.rebuild(f"cus_{seed}").to_bytes() == incremental
            assert memory.profile(f"cus_{seed}").to_bytes() == incremental
            kept.add(incremental)

        assert len(kept) == 1

    def test_two_writers_lose_nothing_of_each_other(
        self, memory: MemoryEngine, open_subscriber: OpenSubscriber
    ) -> None:
        first, later = turns_of(WHO), [said(20 + number, "gummies for sleep") for number in range(8)]
        memory.learn_all(first)
        subscribers = [open_subscriber() for _ in range(2)]

        with ThreadPoolExecutor(4) as pool:
            learned = [pool.submit(memory.learn, turn) for turn in later]
            heard = [
                pool.submit(subscribers[at % 2].process, told(turn))
                for at, turn in enumerate([*first, *first])
            ]
            assert [each.result() for each in learned] == [True] * len(later)
            assert not any(each.exception() for each in heard)

        subscribers[0].process(told(*later))
        profile = memory.profile(WHO)
        assert profile.interactions == len(first) + len(later)
        assert profile.named["category"]["edible"] == 2 + len(later)
        assert memory.rebuild(WHO).to_bytes() == profile.to_bytes()

    def test_who_learns_from_an_older_reading_keeps_what_was_understood_meanwhile(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, ledger: Ledger
    ) -> None:
        profiles, turn, later = ProfileStore(ledger), said(1, "I love gummies"), said(2, "and tea?")
        memory.learn(turn)
        older = profiles.progress(WHO, among=[]).profile

        turn_subscriber.process(told(turn))
        assert profiles.write(WHO, older.after(later), version=2, expected=1)

        assert memory.profile(WHO).named == {"category": {"edible": 1}}
        assert memory.profile(WHO).interactions == 2

    def test_of_a_listener_that_was_cut_off_nothing_stays_and_the_next_one_counts_once(
        self, memory: MemoryEngine, events: MemoryEvents, open_subscriber: OpenSubscriber, ledger: Ledger
    ) -> None:
        turn = said(1, "I love gummies. My budget is 40.")
        memory.learn(turn)
        before = memory.profile(WHO)

        with pytest.raises(RuntimeError, match="cut off"):
            open_subscriber(CutOff(events)).process(told(turn))
        nothing = memory.profile(WHO), memory.facts(WHO), Understandings(ledger).of(WHO)
        for _ in range(2):
            open_subscriber().process(told(turn))

        assert nothing == (before, [], {})
        assert memory.profile(WHO).named["category"] == {"edible": 1}
        assert len(memory.facts(WHO)) == 2

    def test_somebody_who_is_forgotten_just_then_stays_forgotten(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, ledger: Ledger
    ) -> None:
        turn = said(1, "I'm allergic to citrus")
        memory.learn(turn)

        with ThreadPoolExecutor(1) as pool:
            with ledger.transaction() as connection:
                ProfileStore(ledger).bar(WHO)
                with_understanding = pool.submit(turn_subscriber.process, told(turn))
                until_somebody_waits(ledger)
                connection.execute(delete(INTERACTIONS))
            with_understanding.result()

        assert (memory.facts(WHO), Understandings(ledger).of(WHO)) == ([], {})
        assert ProfileStore(ledger).is_barred(WHO)
        assert rows(ledger, "customer_profiles") == []

    def test_what_is_forgotten_by_age_leaves_the_same_as_if_it_had_not_been(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, clock: FakeClock
    ) -> None:
        old, new = said(0, "I hate mint"), replace(said(1, "gummies"), at=NOON + timedelta(days=400))
        clock.now = NOON + timedelta(days=401)
        memory.learn_all([old, new])
        turn_subscriber.process(told(old, new))
        clock.now = NOON + timedelta(days=731)

        memory.expire()

        assert memory.profile(WHO).named == {"category": {"edible": 1}}
        assert memory.rebuild(WHO).to_bytes() == memory.profile(WHO).to_bytes()


class TestWarehouse:
    def test_row_of_the_turn_has_what_was_understood_with_names_sealed(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, ledger: Ledger, data_keys: DataKeys
    ) -> None:
        turn = said(1, "I love gummies for sleep. Do you sell tinctures?")
        memory.learn(turn)

        for _ in range(2):
            turn_subscriber.process(told(turn))

        first, second = sorted(rows(ledger, InteractionRow.topic), key=lambda row: row["updated_at"])
        assert TABLES["interactions"].fault(first) is TABLES["interactions"].fault(second) is None
        assert (second["intent"], second["sentiment"] > 0) == ("search_products", True)
        assert 0 < second["engagement_score"] <= 1
        sealed = second["sealed_entities"]
        opened = data_keys.open(WHO, sealed, context=f"interactions.sealed_entities.{turn.id}")
        assert {each["value"] for each in json.loads(opened)} == {"edible", "sleep", "tincture"}
        assert "edible" not in str(second)

    def test_profile_is_told_once_a_batch_of_a_customer(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, ledger: Ledger, data_keys: DataKeys
    ) -> None:
        turns = turns_of(WHO)
        memory.learn_all(turns)

        for _ in range(2):
            turn_subscriber.process(told(*turns))

        (row,) = rows(ledger, "customer_profiles")
        assert TABLES["customer_profiles"].fault(row) is None
        opened = data_keys.open(WHO, row["sealed_profile"], context=f"customer_profiles.sealed_profile.{WHO}")
        assert opened.encode() == memory.profile(WHO).to_bytes()
        assert (row["total_purchases"], row["churn_risk"]) == (0, None)
        assert row["last_interaction_date"] == turns[-1].at.isoformat()

    def test_turn_that_is_dated_ahead_of_our_clock_still_ends_with_the_whole_row(
        self, memory: MemoryEngine, turn_subscriber: TurnSubscriber, ledger: Ledger, clock: FakeClock
    ) -> None:
        turn = replace(said(1, "gummies for sleep"), at=clock() + timedelta(days=3))
        memory.learn(turn)

        turn_subscriber.process(told(turn))

        last = max(rows(ledger, InteractionRow.topic), key=lambda row: row["updated_at"])
        assert last["intent"] == "search_products"


class CutOff(MemoryEvents):
    """Is killed as the last thing is told."""

    def __init__(self, events: MemoryEvents) -> None:
        self.__dict__ = events.__dict__

    def profiled(self, customer_id: str, view: CustomerView) -> None:
        assert view.profile.interactions
        raise RuntimeError("cut off", customer_id)
