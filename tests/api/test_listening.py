from api.bootstrap import House
from foundation.sql import Ledger
from memory.enrichment.store import Understandings
from memory.interactions import Interaction
from tests.api.conftest import ANA


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


def test_nothing_is_kept_of_somebody_who_was_forgotten_meanwhile(house: House, ledger: Ledger) -> None:
    house.memory.learn(
        Interaction("trn_1", ANA, "thr_1", "chat", house.now(), "I'm allergic to citrus", "Ok.")
    )
    house.warehouse.ensure()

    house.forgetting.forget(ANA, by=ANA)
    while house.relay.deliver("memory"):
        pass

    assert house.memory.facts(ANA) == []
    assert Understandings(ledger).of(ANA) == {}
