from datetime import date, timedelta

import numpy as np
import pytest

from memory.predictions.repertoire import Lines, repertoire
from memory.predictions.shelves import shelves
from memory.predictions.tastes import Tastes, fit_tastes
from tests.memory.predictions.conftest import BALM, DROPS, GUMMIES, SHOP, TEA

TODAY = date(2026, 3, 1)
CATALOGUE = {each.id: each for each in SHOP}
EVERYTHING = set(CATALOGUE)


@pytest.fixture(scope="module")
def pairs() -> Tastes:
    """Half of the customers buy 0 or 1, the other half 2 or 3, mostly a favourite; 4 is new, and like 1."""
    rng = np.random.default_rng(2)
    customer = np.repeat(np.arange(600), rng.integers(2, 12, 600))
    strays = rng.random(len(customer)) < 0.2
    product = 2 * (customer % 2) + ((customer // 2 % 2 == 0) ^ strays)
    lines = Lines(customer, rng.integers(0, 100, len(customer)), product)
    traits = {
        "zero": frozenset({"focus"}),
        "one": frozenset({"sleep", "berry"}),
        "two": frozenset({"calm"}),
        "three": frozenset({"relief"}),
        "new": frozenset({"sleep"}),
    }
    return fit_tastes(lines, list(traits), traits=traits, today=100)


def alone(product: int) -> Lines:
    return Lines(np.zeros(1, np.int64), np.array([95]), np.array([product]))


class TestFit:
    def test_a_product_speaks_for_what_is_bought_with_it(self, pairs: Tastes) -> None:
        own = repertoire(alone(0), today=100, customers=1, products=5)

        scores = pairs.new_scores(own)[0]

        assert scores.argmax() == 1
        assert scores[0] == -np.inf

    def test_a_new_product_is_found_through_those_that_are_like_it(self, pairs: Tastes) -> None:
        sleeper, calm = (
            pairs.new_scores(repertoire(alone(each), today=100, customers=1, products=5))[0]
            for each in (1, 2)
        )

        assert sleeper[4] > sleeper[[2, 3]].max()
        assert calm[4] < calm[3]

    def test_what_is_bought_often_and_lately_comes_back_first(self, pairs: Tastes) -> None:
        lines = Lines(np.zeros(5, np.int64), np.array([10, 60, 80, 95, 20]), np.array([0, 1, 1, 1, 2]))
        own = repertoire(lines, today=100, customers=1, products=5)

        assert own.product[pairs.again_scores(own).argmax()] == 1
        assert 0 < pairs.hits <= 1

    def test_tastes_are_the_same_after_they_were_stored(self, pairs: Tastes) -> None:
        read = Tastes.from_bytes(pairs.to_bytes())

        assert read.products == pairs.products
        assert read.pull == pytest.approx(pairs.pull, abs=1e-3)
        assert read.again == pairs.again


class TestShelves:
    def test_each_product_stands_on_its_shelf_with_its_reason(self, tastes: Tastes) -> None:
        past = [(TODAY - timedelta(days=40), [TEA.id]), (TODAY - timedelta(days=3), [GUMMIES.id, GUMMIES.id])]

        shown = shelves(tastes, past, CATALOGUE, offered=EVERYTHING, today=TODAY)

        assert [(each.product_id, each.reason) for each in shown.again] == [
            (GUMMIES.id, "You bought it twice, last 3 days ago."),
            (TEA.id, "You bought it once, last 40 days ago."),
        ]
        assert [(each.product_id, each.reason) for each in shown.discover] == [
            (
                DROPS.id,
                "Customers who buy Night Owl Gummies, as you do, often buy it. Like it, it stands for sleep.",
            ),
            (BALM.id, "Many of our customers buy it."),
        ]

    def test_what_is_not_offered_stands_on_no_shelf(self, tastes: Tastes) -> None:
        past = [(TODAY, [GUMMIES.id, TEA.id])]

        shown = shelves(tastes, past, CATALOGUE, offered={TEA.id, BALM.id}, today=TODAY)

        assert [each.product_id for each in shown.again] == [TEA.id]
        assert [each.product_id for each in shown.discover] == [BALM.id]

    def test_somebody_new_is_shown_what_many_buy(self, tastes: Tastes) -> None:
        shown = shelves(tastes, [], CATALOGUE, offered=EVERYTHING, today=TODAY)

        assert shown.again == ()
        assert [each.product_id for each in shown.discover] == [each.id for each in SHOP]

    def test_products_that_nobody_knows_any_more_are_passed_over(self, tastes: Tastes) -> None:
        past = [(TODAY, ["prd_gone", GUMMIES.id])]
        left = {BALM.id: BALM}

        shown = shelves(tastes, past, left, offered=EVERYTHING, today=TODAY)

        assert shown.again == ()
        assert [each.product_id for each in shown.discover] == [BALM.id]
