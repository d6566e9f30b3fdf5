"""The cart, and a purchase."""

from typing import Annotated

from pydantic import Field

from api.schemas.base import Id, PlainText, Schema, Timestamp, example
from api.schemas.ids import ProductRef
from api.schemas.money import Amount, PayableAmount
from commerce.checkout.models import MOST_LINES, MOST_OF_ONE, Cart, CartLine
from commerce.checkout.models import Request as CheckoutRequest
from commerce.fraud.models import RequestFingerprint

Pieces = Annotated[int, Field(ge=1, le=MOST_OF_ONE, strict=True)]


class CartItemIn(Schema):
    """A product and a number of pieces."""

    model_config = example(productId="prd_001", quantity=2)

    product_id: Id
    """Id of the product."""
    quantity: Pieces
    """Number of pieces."""


class QuantityIn(Schema):
    """How many pieces the cart shall hold."""

    model_config = example(quantity=3)

    quantity: Pieces
    """Number of pieces."""


class CartLineOut(Schema):
    """One product in the cart."""

    model_config = example(name="Night Owl Gummies", quantity=2, priceChanged=False)

    product_id: ProductRef
    name: str
    """Name of the product."""
    quantity: int
    """Number of pieces."""
    price: Amount
    """Price of one piece, as it would be charged now."""
    locked_price: Amount
    """Price of one piece when it was put in the cart."""
    locked_until: Timestamp
    """Until when that price holds."""
    price_changed: bool
    """Whether the price differs from the one that was locked."""
    available: bool
    """Whether that many pieces are in stock."""

    @classmethod
    def of(cls, line: CartLine, cart: Cart) -> "CartLineOut":
        return cls(
            product_id=line.product.id,
            name=line.product.name,
            quantity=line.quantity,
            price=line.price(cart.at),
            locked_price=line.locked,
            locked_until=line.locked_until,
            price_changed=line.has_changed(cart.at),
            available=line.product.available and line.product.free >= line.quantity,
        )


class CartOut(Schema):
    """The caller's cart."""

    lines: list[CartLineOut]
    """The products in it."""
    subtotal: Amount
    """Sum of the prices, before a membership's discount and the tax."""

    @classmethod
    def of(cls, cart: Cart) -> "CartOut":
        return cls(lines=[CartLineOut.of(line, cart) for line in cart.lines], subtotal=cart.subtotal)


class CheckoutIn(Schema):
    """What to buy."""

    model_config = example(items=[{"productId": "prd_001", "quantity": 1}], state="TX", expectedTotal=None)

    items: Annotated[tuple[CartItemIn, ...], Field(max_length=MOST_LINES)] = ()
    """The products. Left out, the cart is bought."""
    state: Annotated[PlainText, Field(min_length=2, max_length=40)] | None = None
    """State whose sales tax applies. Left out, it is the one of the account."""
    expected_total: PayableAmount | None = None
    """The total that was shown; an order with another total is refused before anything is charged."""

    def request(self, fingerprint: RequestFingerprint = RequestFingerprint()) -> CheckoutRequest:  # noqa: B008 - frozen
        return CheckoutRequest(
            items=tuple((item.product_id, item.quantity) for item in self.items),
            state=self.state,
            expected=self.expected_total,
            fingerprint=fingerprint,
        )
