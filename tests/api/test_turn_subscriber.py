from datetime import timedelta

import pytest

from api.containers import House
from api.entrypoints.worker import handlers
from api.jobs import FORETELL
from foundation.outbox import DELIVERIES
from foundation.sql import Ledger
from memory.conversations.models import Interaction
from memory.facts.models import Origin
from memory.predictions.purchases import Purchase
from memory.understanding.store import Understandings
from tests.api.conftest import ANA
from tests.fakes import FakeClock

pytestmark = pytest.mark.slow


def _tell(house: House, number: int, message: str) -> None:
    turn = Interaction(f"trn_{number}", ANA, "thr_1", "chat", house.now(), message, "Noted.")
    house.memory.learn(turn)
    while house.relay.deliver("memory"):
        pass


def test_turn_is_understood_and_what_was_stated_is_kept(house: House) -> None:
    _tell(house, 1, "I'm allergic to citrus. Do you still have the Night Owl Gummies?")

    (understood,) = Understandings(house.ledger).of(ANA).values()
    assert understood.language == "en"
    assert "prd_owl" in understood.named["product"]
    assert [fact.value for fact in house.memory.facts(ANA)] == ["citrus"]


def test_correction_wins_and_the_old_value_stays_in_the_past(house: House) -> None:
    _tell(house, 1, "my budget is 40 dollars")
    _tell(house, 2, "actually my budget is 60 dollars")

    held = house.memory.facts(ANA)
    assert [fact.source for fact in held] == ["trn_2"]


def test_remark_that_was_noted_and_heard_is_one_fact_and_goes_with_its_correction(
    house: House, clock: FakeClock
) -> None:
    house.memory.remember(ANA, "allergy", "I'm allergic to citrus", source="call_1")
    _tell(house, 1, "please remember that I'm allergic to citrus")
    noted = house.memory.facts(ANA)
    clock.advance(timedelta(days=1))

    _tell(house, 2, "I'm not allergic to citrus after all")

    assert [(fact.predicate, fact.value) for fact in noted] == [("allergic to", "citrus")]
    assert house.memory.facts(ANA) == []


def test_warehouse_has_the_whole_row_and_the_profile_however_often_it_is_told(
    house: House, clock: FakeClock
) -> None:
    house.warehouse.ensure()
    _tell(house, 1, "I love the Night Owl Gummies for sleep")
    clock.advance(timedelta(minutes=1))
    house.relay.deliver("warehouse")

    with house.ledger.transaction() as connection:
        connection.execute(DELIVERIES.update().values(delivered_at=None))
    for name in ("memory", "warehouse"):
        while house.relay.deliver(name):
            pass

    (turn,) = house.warehouse.query("SELECT * FROM customer_memory.interactions")
    assert turn["sentiment"] > 0
    assert (turn["intent"], turn["sealed_entities"]) != (None, None)
    (profile,) = house.warehouse.query("SELECT * FROM customer_memory.customer_profiles")
    assert profile["engagement_score"] > 0
    assert house.memory.profile(ANA).named["product"] == {"prd_owl": 1}


def test_night_makes_a_fact_of_what_somebody_mostly_buys(house: House, clock: FakeClock) -> None:
    house.predictions.remember(
        Purchase("ord_1", ANA, clock(), clock().date(), amount_cents=140_00, products=("prd_owl",) * 5)
    )
    told: list[object] = []

    handlers(house)[FORETELL](house.jobs.submit(FORETELL, {"day": "2026-03-01"}), told.append)

    (fact,) = house.memory.facts(ANA)
    assert (fact.predicate, fact.value, fact.origin) == ("preferred category", "edible", Origin.BEHAVIOUR)
    assert told == [{"suggested": 1}]


def test_nothing_is_kept_of_somebody_who_was_forgotten_meanwhile(house: House, ledger: Ledger) -> None:
    house.memory.learn(
        Interaction("trn_1", ANA, "thr_1", "chat", house.now(), "I'm allergic to citrus", "Ok.")
    )
    house.warehouse.ensure()

    house.forgetting.erase(ANA, by=ANA)
    while house.relay.deliver("memory"):
        pass

    assert house.memory.facts(ANA) == []
    assert Understandings(ledger).of(ANA) == {}
