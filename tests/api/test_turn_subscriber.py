from datetime import timedelta

import pytest

from api.containers.container import Container
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


def _tell(container: Container, number: int, message: str) -> None:
    turn = Interaction(
        f"trn_{number}", ANA, "thr_1", "chat", container.infrastructure.clock(), message, "Noted."
    )
    container.memory.engine.learn(turn)
    while container.relay.deliver("memory"):
        pass


def test_turn_is_understood_and_what_was_stated_is_kept(container: Container) -> None:
    _tell(container, 1, "I'm allergic to citrus. Do you still have the Night Owl Gummies?")

    (understood,) = Understandings(container.infrastructure.ledger).of(ANA).values()
    assert understood.language == "en"
    assert "prd_owl" in understood.named["product"]
    assert [fact.value for fact in container.memory.engine.facts(ANA)] == ["citrus"]


def test_correction_wins_and_the_old_value_stays_in_the_past(container: Container) -> None:
    _tell(container, 1, "my budget is 40 dollars")
    _tell(container, 2, "actually my budget is 60 dollars")

    held = container.memory.engine.facts(ANA)
    assert [fact.source for fact in held] == ["trn_2"]


def test_remark_that_was_noted_and_heard_is_one_fact_and_goes_with_its_correction(
    container: Container, clock: FakeClock
) -> None:
    container.memory.engine.remember(ANA, "allergy", "I'm allergic to citrus", source="call_1")
    _tell(container, 1, "please remember that I'm allergic to citrus")
    noted = container.memory.engine.facts(ANA)
    clock.advance(timedelta(days=1))

    _tell(container, 2, "I'm not allergic to citrus after all")

    assert [(fact.predicate, fact.value) for fact in noted] == [("allergic to", "citrus")]
    assert container.memory.engine.facts(ANA) == []


def test_warehouse_has_the_whole_row_and_the_profile_however_often_it_is_told(
    container: Container, clock: FakeClock
) -> None:
    container.infrastructure.warehouse.ensure()
    _tell(container, 1, "I love the Night Owl Gummies for sleep")
    clock.advance(timedelta(minutes=1))
    container.relay.deliver("warehouse")

    with container.infrastructure.ledger.transaction() as connection:
        connection.execute(DELIVERIES.update().values(delivered_at=None))
    for name in ("memory", "warehouse"):
        while container.relay.deliver(name):
            pass

    (turn,) = container.infrastructure.warehouse.query("SELECT * FROM customer_memory.interactions")
    assert turn["sentiment"] > 0
    assert (turn["intent"], turn["sealed_entities"]) != (None, None)
    (profile,) = container.infrastructure.warehouse.query("SELECT * FROM customer_memory.customer_profiles")
    assert profile["engagement_score"] > 0
    assert container.memory.engine.profile(ANA).named["product"] == {"prd_owl": 1}


def test_night_makes_a_fact_of_what_somebody_mostly_buys(container: Container, clock: FakeClock) -> None:
    container.memory.predictions.service.remember(
        Purchase("ord_1", ANA, clock(), clock().date(), amount_cents=140_00, products=("prd_owl",) * 5)
    )
    told: list[object] = []

    handlers(container)[FORETELL](
        container.infrastructure.jobs.submit(FORETELL, {"day": "2026-03-01"}), told.append
    )

    (fact,) = container.memory.engine.facts(ANA)
    assert (fact.predicate, fact.value, fact.origin) == ("preferred category", "edible", Origin.BEHAVIOUR)
    assert told == [{"suggested": 1}]


def test_nothing_is_kept_of_somebody_who_was_forgotten_meanwhile(
    container: Container, ledger: Ledger
) -> None:
    container.memory.engine.learn(
        Interaction(
            "trn_1", ANA, "thr_1", "chat", container.infrastructure.clock(), "I'm allergic to citrus", "Ok."
        )
    )
    container.infrastructure.warehouse.ensure()

    container.memory.erasure.service.erase(ANA, by=ANA)
    while container.relay.deliver("memory"):
        pass

    assert container.memory.engine.facts(ANA) == []
    assert Understandings(ledger).of(ANA) == {}
