"""The cart, and buying what is in it."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.authorization import Owner, Visitor
from api.deps import CartsDep, CheckoutDep, MoneyKey, PathId, TheFingerprint
from api.envelope import Envelope
from api.errors import refusals
from api.routes.shop.orders import OrderShown, QuoteShown
from api.routing import api_router
from api.schemas.base import Amount, Dollars, Id, PlainText, Schema, Timestamp
from commerce.checkout.models import MOST_LINES, MOST_OF_ONE, Cart, CartLine
from commerce.checkout.models import Request as Wish
from commerce.fraud.models import RequestFingerprint
from foundation.money import Money

router = api_router(
    prefix="/api",
    tag="checkout",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "RATE_LIMITED"),
)

Pieces = Annotated[int, Field(ge=1, le=MOST_OF_ONE, strict=True)]


class CartItem(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"productId": "prd_001", "quantity": 2}})

    product_id: Id
    quantity: Pieces


class NewQuantity(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"quantity": 3}})

    quantity: Pieces


class CartLineShown(Schema):
    product_id: str
    name: str
    quantity: int
    price: Dollars
    """Of one piece, as it would be charged now."""
    locked_price: Dollars
    locked_until: Timestamp
    price_changed: bool
    available: bool

    @classmethod
    def of(cls, line: CartLine, cart: Cart) -> "CartLineShown":
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


class CartShown(Schema):
    lines: list[CartLineShown]
    subtotal: Dollars
    """Before a membership's discount and the tax."""

    @classmethod
    def of(cls, cart: Cart) -> "CartShown":
        return cls(lines=[CartLineShown.of(line, cart) for line in cart.lines], subtotal=cart.subtotal)


class Purchase(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [{"productId": "prd_001", "quantity": 1}],
                "state": "TX",
            }
        }
    )

    items: Annotated[tuple[CartItem, ...], Field(max_length=MOST_LINES)] = ()
    """Left out, it is the cart that is bought."""
    state: Annotated[PlainText, Field(min_length=2, max_length=40)] | None = None
    """Where the customer lives, for the tax; left out, it is the one on file."""
    expected_total: Amount | None = None
    """The total that was shown: another one is refused before anything is charged."""

    def wish(self, fingerprint: RequestFingerprint = RequestFingerprint()) -> Wish:  # noqa: B008 - frozen
        return Wish(
            items=tuple((item.product_id, item.quantity) for item in self.items),
            state=self.state,
            expected=None if self.expected_total is None else Money.from_dollars(self.expected_total),
            fingerprint=fingerprint,
        )


@router.get("/cart")
def get_cart(principal: Visitor, carts: CartsDep) -> Envelope[CartShown]:
    """The caller's own cart; a guest has one too, and takes it along when they sign in."""
    return Envelope(data=CartShown.of(carts.show(principal.id)))


@router.post("/cart/items", status_code=201)
def add_cart_item(item: CartItem, principal: Visitor, carts: CartsDep) -> Envelope[CartShown]:
    """Add so many more of a product. Its price is locked for thirty minutes."""
    found = carts.add(principal.id, product_id=item.product_id, quantity=item.quantity)
    return Envelope(data=CartShown.of(found))


@router.put("/cart/items/{product_id}")
def set_cart_item(
    product_id: PathId, change: NewQuantity, principal: Visitor, carts: CartsDep
) -> Envelope[CartShown]:
    """Have so many of a product in the cart."""
    found = carts.change(principal.id, product_id=product_id, quantity=change.quantity)
    return Envelope(data=CartShown.of(found))


@router.delete("/cart/items/{product_id}")
def remove_cart_item(product_id: PathId, principal: Visitor, carts: CartsDep) -> Envelope[CartShown]:
    """Take a product out of the cart."""
    return Envelope(data=CartShown.of(carts.remove(principal.id, product_id=product_id)))


@router.post("/checkout/quote")
def quote_checkout(purchase: Purchase, principal: Owner, checkout: CheckoutDep) -> Envelope[QuoteShown]:
    """What the order would cost now, with discount and tax. Nothing is reserved or charged."""
    return Envelope(data=QuoteShown.of(checkout.quote(principal.id, request=purchase.wish())))


@router.post(
    "/checkout",
    status_code=201,
    responses=refusals("PAYMENT_DECLINED", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def place_order(
    purchase: Purchase, principal: Owner, key: MoneyKey, checkout: CheckoutDep, fingerprint: TheFingerprint
) -> Envelope[OrderShown]:
    """Buy: the card on file is charged now, once for this key.

    An order whose status is `review` is neither charged nor booked before a person has looked at it.
    """
    order = checkout.place(principal.id, request=purchase.wish(fingerprint), key=key)
    return Envelope(data=OrderShown.of(order))
