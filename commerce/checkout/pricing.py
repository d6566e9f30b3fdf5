"""What a basket costs, to the cent.

Discount and tax are reckoned once for the whole order, half a cent rounded up, and then shared out
among its lines by the largest remainder: so the order agrees with what a member was told their
discount is, and its lines add up to it exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from commerce.inventory.models import Product
from foundation.money import Money


@dataclass(frozen=True)
class Item:
    """So many pieces of a product at a price that may have been locked."""

    product: Product
    quantity: int
    price: Money
    off: Money | None = None
    """What a promotion takes off each piece, in place of the membership's discount."""
    is_gift: bool = False

    @property
    def subtotal(self) -> Money:
        return Money(0) if self.is_gift else self.price * self.quantity


@dataclass(frozen=True)
class Line:
    """A part of an order. Every amount is for all its pieces together."""

    product_id: str
    sku: str
    name: str
    quantity: int
    price: Money
    """Of one piece."""
    discount: Money
    tax: Money
    is_gift: bool = False

    @property
    def subtotal(self) -> Money:
        return self.price * self.quantity

    @property
    def total(self) -> Money:
        return self.subtotal - self.discount + self.tax


@dataclass(frozen=True)
class Totals:
    subtotal: Money
    discount: Money
    tax: Money

    @property
    def total(self) -> Money:
        return self.subtotal - self.discount + self.tax


@dataclass(frozen=True)
class Priced:
    lines: tuple[Line, ...]
    totals: Totals


def price(items: Sequence[Item], *, percent: int, tax_rate: Decimal) -> Priced:
    """`percent` is the membership's; `tax_rate` is a share, such as 0.0625. A gift costs nothing."""
    subtotals = [item.subtotal.cents for item in items]
    discounts = _discounts(items, percent)
    taxable = [whole - off for whole, off in zip(subtotals, discounts, strict=True)]
    tax = int((sum(taxable) * tax_rate).quantize(Decimal(1), ROUND_HALF_UP))
    taxes = shared(tax, taxable)
    lines = tuple(
        _line(item, discount=Money(off), tax=Money(due))
        for item, off, due in zip(items, discounts, taxes, strict=True)
    )
    return Priced(lines, Totals(Money(sum(subtotals)), Money(sum(discounts)), Money(tax)))


def _discounts(items: Sequence[Item], percent: int) -> list[int]:
    """The promotion of a line, or its share of the membership's discount on the lines that have none."""
    plain = [item.subtotal.cents if item.off is None else 0 for item in items]
    shares = shared(Money(sum(plain)).percent(percent).cents, plain)
    return [
        share if item.off is None else item.off.cents * item.quantity
        for item, share in zip(items, shares, strict=True)
    ]


def shared(cents: int, weights: Sequence[int]) -> list[int]:
    """The amount in parts after the weights; the cents left over go to the largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [cents * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(cents * weights[place] % whole))
    for place in by_remainder[: cents - sum(parts)]:
        parts[place] += 1
    return parts


def _line(item: Item, *, discount: Money, tax: Money) -> Line:
    return Line(
        product_id=item.product.id,
        sku=item.product.sku,
        name=item.product.name,
        quantity=item.quantity,
        price=Money(0) if item.is_gift else item.price,
        discount=discount,
        tax=tax,
        is_gift=item.is_gift,
    )
