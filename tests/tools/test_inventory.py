from typing import Any

import pytest

from commerce.inventory.models import Category, Effect, Flavour
from foundation.money import Money
from tests.shop import product
from tests.tools.conftest import Counter

BARE: dict[str, Any] = {"effects": (), "flavours": (), "cbd_mg": 0.0, "thc_mg": 0.0}


@pytest.fixture
def counter(counter: Counter) -> Counter:
    """The counter with four products on the shelf."""
    shelf = [
        product(1),
        product(
            2,
            name="Moonrise Drops",
            category=Category.TINCTURE,
            effects=(Effect.SLEEP, Effect.CALM),
            flavours=(Flavour.MINT, Flavour.SWEET),
            thc_mg=0.0,
            price=Money(41_50),
            quantity=3,
        ),
        product(3, name="Steel Grinder", category=Category.ACCESSORY, **BARE),
        product(4, name="Deep Quiet Gummies", quantity=0),
    ]
    counter.shop.inventory.put(shelf)
    return counter


class TestSearchProducts:
    def test_products_are_stated_with_exact_names_and_prices(self, counter: Counter) -> None:
        result = counter.ask("search_products", effect="sleep")

        assert result.say == (
            "Products for sleep:\n"
            "1. Night Owl Gummies — $28.00, edible for sleep, berry\n"
            "2. Moonrise Drops — $41.50, tincture for sleep and calm, mint and sweet"
        )
        assert [card.price for card in result.cards] == ["28.00", "41.50"]
        assert [shown["id"] for shown in result.data["products"]] == ["prd_1", "prd_2"]

    def test_guest_may_look_around(self, counter: Counter) -> None:
        result = counter.ask("search_products", who="gst_1", max_price=30, category="edible")

        assert result.say.startswith("Edibles up to $30.00:\n1. Night Owl Gummies — $28.00")

    def test_every_wish_is_repeated_and_held_to(self, counter: Counter) -> None:
        result = counter.ask(
            "search_products",
            effect="sleep",
            without_categories=["topical"],
            without_flavours=["sweet"],
            min_price="20",
            max_price=50.5,
        )

        opening = "Products for sleep without sweet and topicals between $20.00 and $50.50:"
        assert result.say.splitlines()[0] == opening
        assert [shown["name"] for shown in result.data["products"]] == ["Night Owl Gummies"]

    def test_dear_wish_is_answered_with_the_nearest_as_what_it_is(self, counter: Counter) -> None:
        result = counter.ask("search_products", effect="sleep", max_price=10)

        assert result.say == (
            "We have nothing in stock that fits: Products for sleep up to $10.00. The nearest is:\n"
            "1. Night Owl Gummies — $28.00, edible for sleep, berry"
        )
        assert result.data["fits"] is False

    def test_nothing_is_offered_where_nothing_comes_near(self, counter: Counter) -> None:
        result = counter.ask("search_products", words="bicycle")

        assert result.say == "We have nothing in stock that fits: Products matching “bicycle”."
        assert result.data == {"products": []}

    def test_what_is_sold_out_is_not_offered(self, counter: Counter) -> None:
        result = counter.ask("search_products", words="deep quiet")

        assert "Deep Quiet" not in result.say

    @pytest.mark.parametrize(
        "arguments",
        [
            {"max_price": -1},
            {"max_price": "40 dollars"},
            {"max_price": 1.005},
            {"category": "bicycle"},
            {"effect": ["sleep"]},
            {"customer_id": "cus_ben"},
        ],
    )
    def test_wrong_arguments_are_refused_by_name(self, counter: Counter, arguments: dict[str, Any]) -> None:
        result = counter.ask("search_products", **arguments)

        assert result.is_error
        assert next(iter(arguments)) in result.say


class TestProductDetails:
    def test_label_is_read_out(self, counter: Counter) -> None:
        result = counter.ask("product_details", product="night owl gummies")

        assert result.say == (
            "Night Owl Gummies by Lumen — $28.00, edible for sleep, berry. Ten soft gummies for the evening. "
            "The package holds 250 mg CBD and 5 mg THC. It is in stock."
        )

    @pytest.mark.parametrize(
        ("named", "end"),
        [
            ("prd_2", "The package holds 250 mg CBD. Only 3 left in stock."),
            ("prd_3", "Ten soft gummies for the evening. It is in stock."),
            ("deep quiet gummies", "It is out of stock at the moment."),
        ],
    )
    def test_contents_and_stock_are_shown_as_they_are(self, counter: Counter, named: str, end: str) -> None:
        assert counter.ask("product_details", product=named).say.endswith(end)

    def test_unknown_product_is_refused_in_words(self, counter: Counter) -> None:
        result = counter.ask("product_details", product="bicycle")

        assert (result.say, result.is_error) == ("We have no product “bicycle”.", True)
