"""The cart, and buying what is in it."""

from api.authorization import Owner, Visitor
from api.deps import CartsDep, CheckoutDep, MoneyKey, TheFingerprint
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.cart import CartItemIn, CartOut, CheckoutIn, QuantityIn
from api.schemas.ids import ProductPath
from api.schemas.orders import OrderOut, QuoteOut

router = api_router(
    prefix="/api",
    tag="checkout",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "RATE_LIMITED"),
)


@router.get("/cart")
def get_cart(principal: Visitor, carts: CartsDep) -> Envelope[CartOut]:
    """Get the caller's cart. A guest has one too and keeps it when signing in."""
    return Envelope(data=CartOut.of(carts.show(principal.id)))


@router.post("/cart/items", status_code=201)
def add_cart_item(item: CartItemIn, principal: Visitor, carts: CartsDep) -> Envelope[CartOut]:
    """Add pieces of a product. Its price is locked for thirty minutes."""
    found = carts.add(principal.id, product_id=item.product_id, quantity=item.quantity)
    return Envelope(data=CartOut.of(found))


@router.put("/cart/items/{product_id}")
def set_cart_item(
    product_id: ProductPath, change: QuantityIn, principal: Visitor, carts: CartsDep
) -> Envelope[CartOut]:
    """Set how many pieces of a product the cart holds."""
    found = carts.change(principal.id, product_id=product_id, quantity=change.quantity)
    return Envelope(data=CartOut.of(found))


@router.delete("/cart/items/{product_id}")
def remove_cart_item(product_id: ProductPath, principal: Visitor, carts: CartsDep) -> Envelope[CartOut]:
    """Remove a product from the cart."""
    return Envelope(data=CartOut.of(carts.remove(principal.id, product_id=product_id)))


@router.post("/checkout/quote")
def quote_checkout(purchase: CheckoutIn, principal: Owner, checkout: CheckoutDep) -> Envelope[QuoteOut]:
    """Get what the order would cost now, with discount and tax. Nothing is reserved or charged."""
    return Envelope(data=QuoteOut.of(checkout.quote(principal.id, request=purchase.request())))


@router.post(
    "/checkout",
    status_code=201,
    responses=refusals("PAYMENT_DECLINED", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def place_order(
    purchase: CheckoutIn, principal: Owner, key: MoneyKey, checkout: CheckoutDep, fingerprint: TheFingerprint
) -> Envelope[OrderOut]:
    """Place an order: the default card is charged now, once for each idempotency key.

    An order with the status `review` is neither charged nor booked before a person has decided about it.
    """
    order = checkout.place(principal.id, request=purchase.request(fingerprint), key=key)
    return Envelope(data=OrderOut.of(order))
