"""A customer's account, age, membership and orders in one response."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.authorization import ReadableCustomer
from api.deps import AgesDep, CheckoutDep, ClockDep, CustomersDep, MembershipsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.age import AgeStatusOut
from api.schemas.customers import CustomerOut
from api.schemas.memberships import MembershipOverview
from api.schemas.orders import OrderOut
from api.schemas.staff import CustomerOverview

router = api_router(
    prefix="/api/customers",
    tag="customers",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


@dataclass(frozen=True)
class Sources:
    customers: CustomersDep
    ages: AgesDep
    memberships: MembershipsDep
    checkout: CheckoutDep
    now: ClockDep


@router.get("/{customer_id}/overview")
def get_customer_overview(
    customer_id: ReadableCustomer,
    sources: Annotated[Sources, Depends()],
    orders: Annotated[
        int, Query(ge=1, le=100, description="Largest number of orders; all are at `GET /api/orders`.")
    ] = 10,
) -> Envelope[CustomerOverview]:
    """Get the customer's account, proof of age, membership and latest orders."""
    found = CustomerOverview(
        customer=CustomerOut.of(sources.customers.find(customer_id)),
        age=AgeStatusOut.of(sources.ages.status(customer_id), sources.now()),
        membership=MembershipOverview.of(sources.memberships, customer_id),
        orders=[OrderOut.of(each) for each in sources.checkout.orders(customer_id, limit=orders)],
    )
    return Envelope(data=found)
