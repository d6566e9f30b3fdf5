from dataclasses import replace

import pytest

from commerce.inventory.models import Category, Effect, Flavour, Product, ProductNotFound, ProductQuery
from commerce.inventory.service import Inventory
from foundation.money import Money
from foundation.sql import Ledger
from tests.shop import product

OWL = product(1)
DROPS = product(
    2,
    name="Moonrise Drops",
    brand="Cedar & Co",
    category=Category.TINCTURE,
    description="An oil to put under the tongue.",
    effects=(Effect.CALM, Effect.SLEEP),
    flavours=(Flavour.MINT,),
    price=Money(41_50),
)
CREAM = product(
    3,
    name="Trail Balm",
    category=Category.TOPICAL,
    description="A warming balm for after a hike.",
    effects=(Effect.RELIEF,),
    flavours=(Flavour.PINE,),
    price=Money(19_99),
)
CANDY = product(
    4,
    name="Sunny Side Gummies",
    effects=(Effect.ENERGY,),
    flavours=(Flavour.SWEET, Flavour.CITRUS),
    description="Ten bright gummies to start with.",
    price=Money(24_00),
)
GONE = product(5, name="Deep Quiet Gummies", quantity=0, price=Money(22_00))
WITHDRAWN = product(6, name="Old Times Gummies", available=False, price=Money(21_00))
SHELF = (OWL, DROPS, CREAM, CANDY, GONE, WITHDRAWN)


@pytest.fixture
def inventory(ledger: Ledger) -> Inventory:
    inventory = Inventory(ledger)
    inventory.put(SHELF)
    return inventory


def found(inventory: Inventory, **asked: object) -> list[Product]:
    return inventory.search(ProductQuery(**asked))  # type: ignore[arg-type]


class TestSearch:
    def test_effect_and_price_narrow_and_the_leading_effect_comes_first(self, inventory: Inventory) -> None:
        under_forty = found(inventory, effect=Effect.SLEEP, max_price=Money(40_00))

        assert under_forty == [OWL]
        assert found(inventory, effect=Effect.SLEEP) == [OWL, DROPS]

    def test_what_is_sold_out_or_withdrawn_is_shown_only_when_asked_for(self, inventory: Inventory) -> None:
        assert found(inventory, words="deep quiet") == []
        assert found(inventory, words="deep quiet", in_stock=False) == [GONE]
        assert WITHDRAWN not in found(inventory, category=Category.EDIBLE)

    def test_flavour_can_be_kept_out(self, inventory: Inventory) -> None:
        not_sweet = found(inventory, category=Category.EDIBLE, without_flavours=frozenset({Flavour.SWEET}))

        assert not_sweet == [OWL]

    def test_category_can_be_kept_out(self, inventory: Inventory) -> None:
        no_edible = found(inventory, effect=Effect.SLEEP, without_categories=frozenset({Category.EDIBLE}))

        assert no_edible == [DROPS]

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("night owl", OWL),
            ("nihgt owl gumies", OWL),
            ("do you have any moonrise drops?", DROPS),
            ("a cream for sore muscles", CREAM),
            ("sunny side", CANDY),
            ("something from Cedar", DROPS),
            ("gummy with citrus", CANDY),
            ("peppermint oil", DROPS),
        ],
    )
    def test_words_find_what_they_mean(self, inventory: Inventory, words: str, expected: Product) -> None:
        assert found(inventory, words=words)[0] == expected

    @pytest.mark.parametrize("words", ["bicycle", "xqzt", "iPhone charger"])
    def test_words_that_mean_nothing_here_find_nothing(self, inventory: Inventory, words: str) -> None:
        assert found(inventory, words=words) == []

    @pytest.mark.parametrize("words", ["", "what do you recommend?", "anything good"])
    def test_words_that_name_nothing_do_not_narrow(self, inventory: Inventory, words: str) -> None:
        assert len(found(inventory, words=words)) == 4

    def test_order_by_price_either_way(self, inventory: Inventory) -> None:
        cheapest = found(inventory, order="price_low", limit=2)
        dearest = found(inventory, order="price_high", limit=1)

        assert (cheapest, dearest) == ([CREAM, CANDY], [DROPS])

    def test_price_bounds_include_their_ends(self, inventory: Inventory) -> None:
        assert found(inventory, min_price=Money(24_00), max_price=Money(28_00)) == [CANDY, OWL]

    def test_open_question_is_answered_from_every_category_in_turn(self, inventory: Inventory) -> None:
        inventory.put([product(7, name="Tiny Bites", price=Money(5_00))])

        shown = found(inventory, limit=4)

        assert [each.category for each in shown] == [
            Category.EDIBLE,
            Category.TOPICAL,
            Category.TINCTURE,
            Category.EDIBLE,
        ]

    def test_match_far_behind_the_best_is_left_out(self, inventory: Inventory) -> None:
        assert found(inventory, words="moonrise drops from cedar for sleep") == [DROPS]


class TestFreshness:
    def test_change_by_another_process_is_seen_at_the_next_look(
        self, inventory: Inventory, ledger: Ledger
    ) -> None:
        found(inventory, words="night owl")
        cheaper = replace(OWL, price=Money(12_34))

        Inventory(ledger).put([cheaper])

        assert found(inventory, words="night owl", limit=1) == [cheaper]

    def test_earlier_transaction_that_commits_late_is_seen_too(
        self, inventory: Inventory, ledger: Ledger
    ) -> None:
        with ledger.transaction():
            inventory.put([replace(OWL, quantity=1)])
            with ledger.new_transaction():
                Inventory(ledger).put([replace(CREAM, quantity=1)])
                between = found(inventory, words="trail balm")

        after = found(inventory, words="night owl")

        assert (between[0].quantity, after[0].quantity) == (1, 1)


class TestNames:
    def test_id_finds_its_product_sold_out_or_not(self, inventory: Inventory) -> None:
        assert inventory.find("prd_5") == GONE

    def test_unknown_id_is_refused(self, inventory: Inventory) -> None:
        with pytest.raises(ProductNotFound, match="no product"):
            inventory.find("prd_99")

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("the night owl gummies", OWL),
            ("moonrize drops", DROPS),
            ("Deep quiet", GONE),
            ("TRAIL BALM", CREAM),
            ("prd_2", DROPS),
        ],
    )
    def test_words_name_a_product(self, inventory: Inventory, words: str, expected: Product) -> None:
        assert inventory.by_name(words) == expected

    @pytest.mark.parametrize("words", ["", "bicycle", "gummies for my headache and other things"])
    def test_words_that_name_no_product_are_refused(self, inventory: Inventory, words: str) -> None:
        with pytest.raises(ProductNotFound):
            inventory.by_name(words)
