from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.checkout.pricing import Item, Line, price, shared
from foundation.money import Money
from tests.shop import product

RATE = Decimal("0.0625")


def cents(amounts: list[Money]) -> int:
    return sum(amount.cents for amount in amounts)


@st.composite
def items(draw: st.DrawFn) -> Item:
    each = draw(st.integers(0, 10**9))
    off = draw(st.none() | st.integers(0, each).map(Money))
    return Item(product(), draw(st.integers(1, 20)), Money(each), off=off, is_gift=draw(st.booleans()))


@given(st.lists(items(), max_size=12), st.integers(0, 100), st.decimals(0, "0.2", places=5))
def test_lines_add_up_to_the_order_and_nothing_is_below_zero(
    basket: list[Item], percent: int, rate: Decimal
) -> None:
    basket = [item for item in basket if not (item.is_gift and item.off)]

    priced = price(basket, percent=percent, tax_rate=rate)

    lines, totals = priced.lines, priced.totals
    assert cents([line.subtotal for line in lines]) == totals.subtotal.cents
    assert cents([line.discount for line in lines]) == totals.discount.cents
    assert cents([line.tax for line in lines]) == totals.tax.cents
    assert cents([line.total for line in lines]) == totals.total.cents
    assert all(min(line.discount.cents, line.tax.cents, line.total.cents) >= 0 for line in lines)
    taxable = totals.subtotal.cents - totals.discount.cents
    assert abs(taxable * rate - totals.tax.cents) <= Decimal("0.5")


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_a_share_is_within_a_cent_of_its_weight(whole: int, weights: list[int]) -> None:
    parts = shared(whole, weights)

    assert sum(parts) == (whole if sum(weights) else 0)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Decimal(whole * weight) / max(1, sum(weights))) < 1


def test_membership_discount_is_that_of_the_subtotal_to_the_cent() -> None:
    basket = [Item(product(number), 1, Money(3_33)) for number in (1, 2, 3)]

    priced = price(basket, percent=10, tax_rate=RATE)

    assert priced.totals.discount == Money(9_99).percent(10) == Money(1_00)
    assert [line.discount.cents for line in priced.lines] == [34, 33, 33]


def test_promotion_stands_in_place_of_the_discount_on_its_line_alone() -> None:
    basket = [Item(product(1), 2, Money(10_00), off=Money(4_00)), Item(product(2), 1, Money(50_00))]

    priced = price(basket, percent=20, tax_rate=RATE)

    assert [line.discount for line in priced.lines] == [Money(8_00), Money(10_00)]
    assert priced.totals.total == Money(52_00) + Money(3_25)


@pytest.mark.parametrize(("dollars", "tax"), [(8, 50), (1, 6), ("0.08", 1), (0, 0)])
def test_half_a_cent_of_tax_is_rounded_up(dollars: str | int, tax: int) -> None:
    priced = price([Item(product(), 1, Money.from_dollars(dollars))], percent=0, tax_rate=RATE)

    assert priced.totals.tax == Money(tax)


def test_gift_costs_nothing_and_carries_no_tax() -> None:
    basket = [Item(product(1), 1, Money(16_00)), Item(product(2), 1, Money(9_00), is_gift=True)]

    priced = price(basket, percent=0, tax_rate=RATE)

    assert priced.totals.total == Money(17_00)
    assert priced.lines[1] == Line(
        product_id="prd_2",
        sku="SKU-2",
        name="Night Owl Gummies",
        quantity=1,
        price=Money(0),
        discount=Money(0),
        tax=Money(0),
        is_gift=True,
    )
