"""Orders: a customer's own; for staff everybody's, with what they may decide about them."""

from typing import Annotated

from fastapi import Depends, Query

from api.authorization import Compliance, CustomerOrStaff, Refunder
from api.deps import CheckoutDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routing import api_router
from api.schemas.ids import OrderPath
from api.schemas.orders import OrderCancellation, OrderDecision, OrderOut
from commerce.checkout.models import Order, OrderStatus
from foundation.auth import Principal

router = api_router(
    prefix="/api/orders",
    tag="orders",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
OrderPages = Annotated[PageRequest, Depends(PageOf("orders"))]


@router.get("")
def list_orders(
    principal: CustomerOrStaff,
    checkout: CheckoutDep,
    page: OrderPages,
    status: Annotated[
        OrderStatus | None, Query(description="Only orders of this status; for staff, ignored otherwise.")
    ] = None,
) -> Page[OrderOut]:
    """List orders, the latest first: the caller's own, or everybody's for staff."""
    if _is_staff(principal):
        found = checkout.latest(status=status, limit=page.fetched, after=page.after)
    else:
        found = checkout.orders(principal.id, limit=page.fetched, after=page.after)
    return page.of(found, OrderOut.of, key=order_key)


@router.get("/{order_id}", responses=refusals("NOT_FOUND"))
def get_order(order_id: OrderPath, principal: CustomerOrStaff, checkout: CheckoutDep) -> Envelope[OrderOut]:
    """Get an order of the caller's own, or anybody's for staff."""
    owner = None if _is_staff(principal) else principal.id
    return Envelope(data=OrderOut.of(checkout.find(order_id, customer_id=owner)))


@router.post(
    "/{order_id}/cancel",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def cancel_order(
    order_id: OrderPath, why: OrderCancellation, _: Refunder, checkout: CheckoutDep
) -> Envelope[OrderOut]:
    """Refund a paid order in full and restock its products. A second call changes nothing."""
    return Envelope(data=OrderOut.of(checkout.cancel(order_id, reason=why.reason)))


@router.post(
    "/{order_id}/review",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def decide_order_review(
    order_id: OrderPath, decision: OrderDecision, principal: Compliance, checkout: CheckoutDep
) -> Envelope[OrderOut]:
    """Decide about an order in review. An order that is decided already is returned unchanged."""
    found = checkout.decide(order_id, by=principal.id, accept=decision.accept)
    return Envelope(data=OrderOut.of(found))


def order_key(order: Order) -> Key:
    return time_key(order.created_at, order.id)


def _is_staff(principal: Principal) -> bool:
    return "staff:read" in principal.scopes
