from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from commerce.checkout.models import BadQuantity, CartFull, NotInCart, Request
from commerce.inventory.models import MembersOnly, NotReleased, OutOfStock, ProductNotFound
from foundation.errors import ShopError
from foundation.money import Money
from tests.shop import Shop, product


def add(shop: Shop, product_id: str = "prd_1", quantity: int = 1, *, who: str = "cus_ana") -> None:
    shop.carts.add(who, product_id=product_id, quantity=quantity)


def held(shop: Shop, who: str = "cus_ana") -> dict[str, int]:
    return {line.product.id: line.quantity for line in shop.carts.show(who).lines}


def reprice(shop: Shop, dollars: int) -> None:
    shop.inventory.put([product(1, price=Money(dollars * 100), quantity=12)])


class TestLines:
    def test_adding_again_adds_up_and_removing_takes_all(self, shop: Shop) -> None:
        add(shop, quantity=2)
        add(shop, quantity=3)
        add(shop, "prd_2")
        shop.carts.change("cus_ana", product_id="prd_2", quantity=2)
        assert held(shop) == {"prd_1": 5, "prd_2": 2}
        assert shop.carts.show("cus_ana").subtotal == Money(160_00)

        shop.carts.remove("cus_ana", product_id="prd_1")

        assert (held(shop), held(shop, "cus_ben")) == ({"prd_2": 2}, {})

    @pytest.mark.parametrize(
        ("product_id", "quantity", "refusal"),
        [
            ("prd_1", 0, BadQuantity),
            ("prd_1", 21, BadQuantity),
            ("prd_1", 13, OutOfStock),
            ("prd_none", 1, ProductNotFound),
            ("prd_gold", 1, MembersOnly),
            ("prd_new", 1, NotReleased),
        ],
    )
    def test_what_cannot_be_bought_does_not_get_in(
        self, shop: Shop, product_id: str, quantity: int, refusal: type[ShopError]
    ) -> None:
        soon = shop.clock() + timedelta(days=1)
        shop.inventory.put(
            [product(7, id="prd_gold", min_tier="GOLD"), product(8, id="prd_new", released_at=soon)]
        )

        with pytest.raises(refusal):
            add(shop, product_id, quantity)

        assert held(shop) == {}

    def test_what_is_not_there_cannot_be_changed_or_removed(self, shop: Shop) -> None:
        with pytest.raises(NotInCart):
            shop.carts.change("cus_ana", product_id="prd_1", quantity=2)
        with pytest.raises(NotInCart):
            shop.carts.remove("cus_ana", product_id="prd_1")

    def test_cart_holds_no_more_than_fifty_products(self, shop: Shop) -> None:
        shop.inventory.put(product(number) for number in range(1, 52))
        for number in range(1, 51):
            add(shop, f"prd_{number}")

        with pytest.raises(CartFull):
            add(shop, "prd_51")

    def test_additions_at_once_never_pass_the_limit(self, shop: Shop) -> None:
        shop.inventory.put([product(1, quantity=500)])

        def attempt(_: int) -> bool:
            try:
                add(shop, quantity=3)
            except BadQuantity:
                return False
            return True

        with ThreadPoolExecutor(8) as clicks:
            list(clicks.map(attempt, range(16)))

        assert held(shop)["prd_1"] <= 20


class TestPriceLock:
    @pytest.mark.parametrize(
        ("minutes", "dollars", "paid", "changed"),
        [
            (29, 20, 16, False),
            (30, 20, 20, True),
            (29, 12, 12, True),
            (31, 12, 12, True),
            (31, 16, 16, False),
        ],
    )
    def test_locked_price_holds_half_an_hour_and_never_costs_more(
        self, shop: Shop, minutes: int, dollars: int, paid: int, changed: object
    ) -> None:
        add(shop)
        reprice(shop, dollars)
        shop.clock.advance(timedelta(minutes=minutes))

        cart = shop.carts.show("cus_ana")

        assert (cart.subtotal, cart.lines[0].has_changed(cart.at)) == (Money(paid * 100), changed)

    def test_checkout_charges_the_locked_price_and_empties_the_cart(self, shop: Shop, ana: str) -> None:
        add(shop, quantity=2)
        reprice(shop, 99)

        order = shop.checkout.place(ana, request=Request(state="OR"), key="k1")

        assert (order.totals.total, shop.charged(), held(shop)) == (Money(32_00), Money(32_00), {})
        assert shop.checkout.place(ana, request=Request(state="OR"), key="k1") == order


class TestGuests:
    def test_guests_cart_becomes_the_customers(self, shop: Shop) -> None:
        add(shop, quantity=2)
        add(shop, quantity=4, who="gst_1")
        reprice(shop, 20)
        add(shop, "prd_2", who="gst_1")

        moved = [shop.carts.adopt("gst_1", "cus_ana") for _ in range(2)]

        assert (moved, held(shop), held(shop, "gst_1")) == ([2, 0], {"prd_1": 6, "prd_2": 1}, {})
        assert shop.carts.show("cus_ana").lines[0].locked == Money(16_00)

    def test_merged_quantities_stop_at_the_limit(self, shop: Shop) -> None:
        shop.inventory.put([product(1, quantity=100)])
        add(shop, quantity=15)
        add(shop, quantity=15, who="gst_1")

        shop.carts.adopt("gst_1", "cus_ana")

        assert held(shop) == {"prd_1": 20}

    def test_forgotten_carts_are_dropped(self, shop: Shop) -> None:
        add(shop)
        shop.clock.advance(timedelta(days=91))

        assert [shop.carts.prune(keep=timedelta(days=90)) for _ in range(2)] == [1, 0]
