"""Carts and orders, and the refusals of buying one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from commerce.checkout.pricing import Line, Totals
from commerce.fraud.models import UNKNOWN, RequestFingerprint
from commerce.inventory.models import Product
from foundation.errors import Conflict, Invalid, NotFound
from foundation.money import Money

PRICE_LOCKED = timedelta(minutes=30)
"""How long the price at which a product was put in the cart holds."""
STOCK_KEPT = timedelta(minutes=15)
"""How long stock waits for a card to be charged."""
REVIEW_KEPT = timedelta(days=3)
"""How long stock waits for a person to look at an order."""
MOST_OF_ONE, MOST_LINES = 20, 50


class OrderStatus(StrEnum):
    PENDING = "pending"
    """Its stock is reserved, and the card may have been charged."""
    REVIEW = "review"
    """A person looks at it before it is paid or booked; its stock stays reserved."""
    PAID = "paid"
    FAILED = "failed"
    """The card was not charged, or the charge was refunded."""
    REFUSED = "refused"
    """By the person who looked at it; nothing was charged."""
    CANCELLED = "cancelled"
    """Refunded in full after it was paid."""


@dataclass(frozen=True)
class CartLine:
    product: Product
    """As it is now."""
    quantity: int
    locked: Money
    locked_until: datetime

    def price(self, at: datetime) -> Money:
        """The locked price while it holds, unless the product has become cheaper; then that of now."""
        return min(self.locked, self.product.price) if at < self.locked_until else self.product.price

    def has_changed(self, at: datetime) -> bool:
        return self.price(at) != self.locked


@dataclass(frozen=True)
class Cart:
    owner_id: str
    lines: Sequence[CartLine]
    at: datetime

    @property
    def subtotal(self) -> Money:
        return Money(sum(line.price(self.at).cents * line.quantity for line in self.lines))

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True)
class Quote:
    """What is bought, and on which terms."""

    lines: tuple[Line, ...]
    totals: Totals
    percent: int
    """The membership's discount."""
    state: str
    """Whose tax is paid."""
    card_last_four: str


@dataclass(frozen=True)
class Order(Quote):
    """At the terms that were quoted when it was placed."""

    id: str
    key: str
    customer_id: str
    status: OrderStatus
    source: str
    from_cart: bool
    created_at: datetime
    updated_at: datetime
    payment_id: str | None = None
    review_id: str | None = None
    reasons: tuple[str, ...] = ()
    """Why a person should look at it."""

    @property
    def is_open(self) -> bool:
        return self.status in (OrderStatus.PENDING, OrderStatus.REVIEW)

    @property
    def has_gift(self) -> bool:
        return any(line.is_gift for line in self.lines)

    @property
    def quantities(self) -> Mapping[str, int]:
        """Pieces of each product, gifts among them."""
        pieces: dict[str, int] = {}
        for line in self.lines:
            pieces[line.product_id] = pieces.get(line.product_id, 0) + line.quantity
        return pieces


@dataclass(frozen=True)
class Request:
    """What a customer wants to buy: these products, or what is in their cart."""

    items: tuple[tuple[str, int], ...] = ()
    """Ids of products, and how many of each; none means the cart."""
    state: str | None = None
    """Where they live; the one on file when it is not said."""
    expected: Money | None = None
    """The total that they were shown."""
    source: str = "web"
    fingerprint: RequestFingerprint = UNKNOWN

    @property
    def takes_cart(self) -> bool:
        return not self.items


class EmptyCart(Conflict):
    def __init__(self) -> None:
        super().__init__("Your cart is empty.")


class NotInCart(NotFound):
    def __init__(self) -> None:
        super().__init__("That is not in your cart.")


class BadQuantity(Invalid):
    def __init__(self) -> None:
        super().__init__(
            f"We sell from one to {MOST_OF_ONE} of a product at a time.",
            {"field": "quantity", "expected": f"a whole number from 1 to {MOST_OF_ONE}"},
        )


class CartFull(Conflict):
    def __init__(self) -> None:
        super().__init__(f"A cart holds at most {MOST_LINES} different products.", {"field": "items"})


class StateMissing(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "Which state do you live in? I need it for the sales tax.",
            {"field": "state", "expected": "a two-letter state code"},
        )


class StateNotServed(Conflict):
    def __init__(self, state: str) -> None:
        super().__init__(f"We do not sell to {state} yet.", {"field": "state"})


class CartUnderWay(Conflict):
    """Buying it again would charge the customer twice, should the bank confirm after all."""

    def __init__(self) -> None:
        super().__init__(
            "The payment for this cart is not confirmed by the bank yet. "
            "We will let you know as soon as it is."
        )


class PriceChanged(Conflict):
    def __init__(self, total: Money) -> None:
        super().__init__(
            f"The total is now {total}, which differs from the one you were shown. Please check it again.",
            {"total_cents": total.cents},
        )


class OrderNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such order.")


class OrderFailed(Conflict):
    def __init__(self) -> None:
        super().__init__("This order did not go through and nothing was charged. Please order again.")


class OrderStatusConflict(Conflict):
    """The order's status does not allow what is asked."""

    def __init__(self, order: Order) -> None:
        super().__init__(f"This order is {order.status}.", {"status": order.status})


def check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MOST_OF_ONE:
        raise BadQuantity


def tax_rate(state: str, rates: Mapping[str, Decimal]) -> Decimal:
    """Raises StateNotServed where no rate is known: none is guessed."""
    rate = rates.get(state)
    if rate is None:
        raise StateNotServed(state)
    return rate
