from datetime import timedelta

import pytest

from foundation.sql import Ledger
from memory.facts.models import Assertion, Origin
from memory.facts.store import Facts
from memory.predictions import purchases
from memory.predictions.purchases import Purchase
from memory.predictions.suggestions import Suggestions
from memory.profiles.store import ProfileStore
from tests.fakes import FakeClock
from tests.memory.conftest import NOON

ANA, BEN = "cus_ana", "cus_ben"
CATEGORIES = {"prd_gummies": "edible", "prd_pen": "vape"}


@pytest.fixture
def facts(ledger: Ledger, clock: FakeClock) -> Facts:
    return Facts(ledger, now=clock)


@pytest.fixture
def suggestions(ledger: Ledger, facts: Facts) -> Suggestions:
    barred = ProfileStore(ledger).is_barred
    return Suggestions(ledger, facts, lambda: CATEGORIES, is_barred=barred)


def buy(ledger: Ledger, number: int, product: str, *, who: str = ANA, pieces: int = 5) -> str:
    at = NOON + timedelta(days=number)
    order_id = f"ord_{who}_{number}"
    with ledger.transaction() as connection:
        purchases.add(connection, Purchase(order_id, who, at, at.date(), 100_00, (product,) * pieces))
    return order_id


def give_back(ledger: Ledger, order_id: str) -> None:
    with ledger.transaction() as connection:
        purchases.take_back(connection, order_id)


def held(facts: Facts, who: str = ANA) -> list[tuple[str, str, Origin]]:
    return [(fact.predicate, fact.value, fact.origin) for fact in facts.current(who)]


def test_what_somebody_mostly_buys_is_suggested_once(
    ledger: Ledger, suggestions: Suggestions, facts: Facts
) -> None:
    buy(ledger, 1, "prd_gummies")
    buy(ledger, 1, "prd_pen", who=BEN, pieces=2)

    looked_at = [suggestions.run() for _ in range(2)]

    assert looked_at == [2, 0]
    assert held(facts) == [("preferred category", "edible", Origin.BEHAVIOUR)]
    assert held(facts, BEN) == []


def test_other_purchases_suggest_something_else(
    ledger: Ledger, suggestions: Suggestions, facts: Facts, clock: FakeClock
) -> None:
    buy(ledger, 1, "prd_gummies")
    suggestions.run()
    clock.advance(timedelta(days=1))
    buy(ledger, 2, "prd_pen", pieces=20)

    suggestions.run()

    assert held(facts) == [("preferred category", "vape", Origin.BEHAVIOUR)]
    assert [fact.value for fact in facts.history(ANA)] == ["edible", "vape"]


def test_what_was_given_back_no_longer_suggests_anything(
    ledger: Ledger, suggestions: Suggestions, facts: Facts, clock: FakeClock
) -> None:
    order_id = buy(ledger, 1, "prd_gummies")
    suggestions.run()
    clock.advance(timedelta(days=1))

    give_back(ledger, order_id)
    suggestions.run()

    assert held(facts) == []


def test_the_customers_own_word_stands_whatever_they_buy(
    ledger: Ledger, suggestions: Suggestions, facts: Facts, clock: FakeClock
) -> None:
    facts.record(ANA, [Assertion("preferred category", "tincture")], source="trn_1")
    clock.advance(timedelta(days=1))
    order_id = buy(ledger, 1, "prd_gummies")
    suggestions.run()
    clock.advance(timedelta(days=1))

    give_back(ledger, order_id)
    suggestions.run()

    assert held(facts) == [("preferred category", "tincture", Origin.CUSTOMER)]


def test_nothing_is_suggested_of_somebody_who_was_forgotten(
    ledger: Ledger, suggestions: Suggestions, facts: Facts
) -> None:
    buy(ledger, 1, "prd_gummies")
    ProfileStore(ledger).bar(ANA)

    suggestions.run()

    assert facts.history(ANA) == []
