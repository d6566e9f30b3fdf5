from datetime import timedelta

import pytest

from foundation.money import Money
from tests.shop import product
from tests.tools.conftest import Counter


@pytest.fixture(autouse=True)
def shelf(counter: Counter) -> None:
    counter.shop.inventory.put(
        [product(1, price=Money(16_00)), product(2, name="Deep Bear Tincture", price=Money(40_00))]
    )


class TestCart:
    def test_added_product_is_shown_with_the_cart(self, counter: Counter) -> None:
        result = counter.ask("add_to_cart", product="night owl gummies", quantity=2)

        assert result.say == "I put 2 x Night Owl Gummies in your cart. It holds 2 items for $32.00."
        assert [(card.id, card.price) for card in result.cards] == [("prd_1", "32.00")]

    def test_corrected_count_takes_the_place_of_the_old_one(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_1", quantity=2)

        fewer = counter.ask("add_to_cart", product="prd_1", quantity=1, in_all=True)
        first = counter.ask("add_to_cart", product="prd_2", quantity=3, in_all=True)

        assert fewer.say == "Your cart has 1 x Night Owl Gummies now. It holds 1 item for $16.00."
        assert first.data["lines"][1]["quantity"] == 3

    def test_guest_has_a_cart_but_is_not_offered_to_pay(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_2", who="gst_1")

        assert "1 x Deep Bear Tincture — $40.00" in counter.ask("show_cart", who="gst_1").say
        assert counter.ask("checkout", who="gst_1").is_error
        assert counter.ask("show_cart").say == "Your cart is empty."

    def test_changed_price_is_shown_beside_the_old_one(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_1")
        counter.shop.inventory.put([product(1, price=Money(18_00), quantity=0)])
        counter.shop.clock.advance(timedelta(minutes=31))

        result = counter.ask("show_cart")

        assert result.say.splitlines()[1] == (
            "1. 1 x Night Owl Gummies — $18.00 (it was $16.00 when you added it), not in stock at the moment"
        )

    def test_removed_product_is_gone(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_1")

        result = counter.ask("remove_from_cart", product="Night Owl Gummies")

        assert result.say == "I took Night Owl Gummies out. Your cart holds nothing else."

    def test_what_it_is_names_the_only_such_thing_in_the_cart(self, counter: Counter) -> None:
        for name in ("Night Owl Gummies", "Day Owl Gummies", "Cedar Grinder", "Steel Grinder"):
            counter.shop.inventory.put([product(id=f"prd_{name}", sku=name, name=name)])
        for name in ("Night Owl Gummies", "Day Owl Gummies", "Steel Grinder"):
            counter.ask("add_to_cart", product=f"prd_{name}")

        assert "I took Steel Grinder out." in counter.ask("remove_from_cart", product="grinder").say
        asked = counter.ask("remove_from_cart", product="gummies")
        assert asked.say == "Which one shall I take out: Day Owl Gummies or Night Owl Gummies?"


class TestCheckout:
    def test_question_names_lines_tax_total_and_card_and_charges_nothing(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_1", quantity=2)
        counter.ask("add_to_cart", product="prd_2")

        result = counter.ask("checkout", state="Texas")

        assert result.say == (
            "2 x Night Owl Gummies and 1 x Deep Bear Tincture: $72.00, plus $4.50 tax: $76.50 in all, "
            "charged to your card ending 1111. Shall I go ahead?"
        )
        assert counter.shop.charges() == 0

    def test_yes_places_the_order_that_was_shown(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_1")
        counter.ask("checkout", state="TX")

        result = counter.agree()

        assert "$17.00 was charged to your card" in result.say
        assert (counter.shop.charged(), counter.ask("show_cart").say) == (Money(17_00), "Your cart is empty.")

    def test_cart_changed_after_the_question_is_not_bought(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_1")
        counter.ask("checkout", state="TX")
        counter.ask("add_to_cart", product="prd_2")

        result = counter.agree()

        assert (result.is_error, counter.shop.charges()) == (True, 0)
        assert "$59.50 in all" in result.say

    def test_state_that_is_nowhere_on_file_is_asked_for(self, counter: Counter) -> None:
        counter.ask("add_to_cart", product="prd_1")

        assert counter.ask("checkout").say == "Which state do you live in? I need it for the sales tax."


class TestOrders:
    def test_latest_order_is_shown_and_nobody_elses(self, counter: Counter) -> None:
        ben = counter.shop.welcome("ben")
        counter.ask("add_to_cart", product="prd_2", who=ben)
        counter.ask("checkout", state="TX", who=ben)
        order_id = counter.agree(who=ben).data["id"]

        told = counter.ask("order_status", who=ben).say

        assert f"Your order {order_id} of 1 March 2026: it is paid and ready." in told
        assert counter.ask("order_status", order=order_id).say == "There is no such order."
        assert counter.ask("my_orders").say == "You have not ordered anything yet."
        assert "1 March 2026 — 1 x Deep Bear Tincture, $42.50" in counter.ask("my_orders", who=ben).say
