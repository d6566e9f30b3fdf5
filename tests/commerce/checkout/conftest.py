"""A shelf with two products, and Ana, who may buy them."""

import pytest

from commerce.checkout.models import Order, Request
from commerce.checkout.service import Checkout
from foundation.money import Money
from tests.shop import Shop, product


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana")


@pytest.fixture(autouse=True)
def shelf(shop: Shop) -> None:
    shop.inventory.put(
        [
            product(1, price=Money(16_00), quantity=12),
            product(2, name="Deep Bear Gummies", price=Money(40_00), quantity=3),
        ]
    )


def buy(
    shop: Shop, customer_id: str = "cus_ana", *, key: str = "k1", quantity: int = 1, product_id: str = "prd_1"
) -> Order:
    request = Request(((product_id, quantity),), state="TX")
    return shop.checkout.place(customer_id, request=request, key=key)


def wary(shop: Shop) -> Checkout:
    """Has every order looked at."""
    return shop.reviewing_from(0).checkout


def buy_warily(shop: Shop) -> Order:
    return wary(shop).place("cus_ana", request=Request((("prd_1", 1),), state="TX"), key="k1")


def stock(shop: Shop) -> dict[str, tuple[int, int]]:
    return {each.id: (each.quantity, each.reserved) for each in shop.inventory.products()}
