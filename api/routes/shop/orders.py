"""Orders: a customer's own; for staff everybody's, with what they may decide about them."""

from typing import Annotated, Self

from fastapi import Query
from pydantic import AliasPath, ConfigDict, Field

from api.authorization import Caller, Compliance, NotAllowed, Refunder
from api.deps import CheckoutDep, PathId
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Dollars, PlainText, Schema, Timestamp
from commerce.checkout.models import OrderStatus, Quote
from foundation.auth import Principal

router = api_router(
    prefix="/api/orders",
    tag="orders",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class LineShown(Schema):
    product_id: str
    sku: str
    name: str
    quantity: int
    price: Dollars
    """Of one piece."""
    discount: Dollars
    tax: Dollars
    total: Dollars
    is_gift: bool


class QuoteShown(Schema):
    lines: list[LineShown]
    subtotal: Annotated[Dollars, Field(validation_alias=AliasPath("totals", "subtotal"))]
    discount: Annotated[Dollars, Field(validation_alias=AliasPath("totals", "discount"))]
    discount_percent: Annotated[int, Field(validation_alias="percent")]
    tax: Annotated[Dollars, Field(validation_alias=AliasPath("totals", "tax"))]
    total: Annotated[Dollars, Field(validation_alias=AliasPath("totals", "total"))]
    state: str
    card_last_four: str

    @classmethod
    def of(cls, quote: Quote) -> Self:
        return cls.model_validate(quote)


class OrderShown(QuoteShown):
    id: str
    customer_id: str
    status: OrderStatus
    created_at: Timestamp
    updated_at: Timestamp


class Cancellation(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"reason": "ordered twice by mistake"}})

    reason: Annotated[PlainText, Field(min_length=1, max_length=200)]


class Verdict(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"accept": True}})

    accept: Annotated[bool, Field(strict=True)]
    """Charge and book the order; otherwise its stock is let go and nothing is charged."""


@router.get("")
def list_orders(
    principal: Caller,
    checkout: CheckoutDep,
    status: OrderStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Envelope[list[OrderShown]]:
    """The latest first: the caller's own, or everybody's for staff, who may ask for those of one status."""
    if _is_staff(principal):
        found = checkout.latest(status=status, limit=limit)
    else:
        found = checkout.orders(_customer(principal), limit=limit)
    return Envelope(data=[OrderShown.of(order) for order in found])


@router.get("/{order_id}", responses=refusals("NOT_FOUND"))
def get_order(order_id: PathId, principal: Caller, checkout: CheckoutDep) -> Envelope[OrderShown]:
    """An order of the caller's own, or anybody's when the caller is staff."""
    owner = None if _is_staff(principal) else _customer(principal)
    return Envelope(data=OrderShown.of(checkout.find(order_id, customer_id=owner)))


@router.post(
    "/{order_id}/cancel",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def cancel_order(
    order_id: PathId, why: Cancellation, _: Refunder, checkout: CheckoutDep
) -> Envelope[OrderShown]:
    """Give a paid order back in full and put its goods on the shelf again; twice is the same as once."""
    return Envelope(data=OrderShown.of(checkout.cancel(order_id, reason=why.reason)))


@router.post(
    "/{order_id}/review",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def decide_order_review(
    order_id: PathId, verdict: Verdict, principal: Compliance, checkout: CheckoutDep
) -> Envelope[OrderShown]:
    """Decide about an order that waits for a person. An order that is decided is shown as it stands."""
    found = checkout.decide(order_id, by=principal.id, accept=verdict.accept)
    return Envelope(data=OrderShown.of(found))


def _is_staff(principal: Principal) -> bool:
    return "staff:read" in principal.scopes


def _customer(principal: Principal) -> str:
    if "own:read" not in principal.scopes:
        raise NotAllowed("own:read")
    return principal.id
