from datetime import timedelta

from foundation.sql import Ledger
from memory.facts.models import Origin
from memory.predictions import purchases
from memory.predictions.behaviour import Behaviour
from memory.predictions.purchases import Purchase
from tests.memory.conftest import NOON


def bought(ledger: Ledger, day: float, cents: int, *products: str, customer_id: str = "cus_ana") -> None:
    at = NOON + timedelta(days=day)
    made = Purchase(f"ord_{customer_id}_{day}", customer_id, at, at.date(), cents, products)
    with ledger.transaction() as connection:
        purchases.add(connection, made)


def behaviour(ledger: Ledger, customer_id: str = "cus_ana") -> Behaviour:
    with ledger.transaction() as connection:
        return purchases.behaviour(connection, customer_id)


class TestBehaviour:
    def test_purchases_add_up(self, ledger: Ledger) -> None:
        bought(ledger, 14, 1000)
        bought(ledger, 0, 4001, "prd_a", "prd_a")
        bought(ledger, 7, 3000, "prd_b")
        bought(ledger, 1, 9900, "prd_b", customer_id="cus_ben")

        ana = behaviour(ledger)

        assert (ana.purchases, ana.spent_cents, ana.average_cents) == (3, 8001, 2667)
        assert (ana.least_cents, ana.most_cents) == (2001, 3000)
        assert (ana.first_at, ana.last_at) == (NOON, NOON + timedelta(days=14))
        assert ana.favourite_products == ["prd_a", "prd_b"]
        assert ana.frequency == "weekly"

    def test_what_was_given_back_was_never_bought(self, ledger: Ledger) -> None:
        bought(ledger, 0, 4000, "prd_a")
        before = behaviour(ledger)
        bought(ledger, 7, 3000, "prd_b", "prd_b")

        with ledger.transaction() as connection:
            purchases.take_back(connection, "ord_cus_ana_7")

        assert behaviour(ledger) == before

    def test_nobody_is_told_a_rhythm_from_one_purchase(self, ledger: Ledger) -> None:
        bought(ledger, 0, 4000, "prd_a")

        assert behaviour(ledger).frequency is None
        assert behaviour(ledger, "cus_ben") == Behaviour()
        assert Behaviour().average_cents is None

    def test_a_preference_shows_where_most_pieces_are_of_a_kind(self) -> None:
        kinds = {"prd_a": "edible", "prd_b": "vape"}

        (assertion,) = Behaviour(pieces={"prd_a": 5, "prd_b": 1}).suggests(kinds)

        assert (assertion.value, assertion.origin, assertion.confidence) == ("edible", Origin.BEHAVIOUR, 0.83)
        assert Behaviour(pieces={"prd_a": 1}).suggests(kinds) == []
        assert Behaviour(pieces={"prd_a": 5, "prd_b": 4}).suggests(kinds) == []
