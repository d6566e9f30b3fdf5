"""How a customer stands with the shop, on one sheet."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.authorization import ReadableCustomer
from api.deps import AgesDep, CheckoutDep, ClockDep, CustomersDep, MembershipsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routes.account.age import AgeStatus
from api.routes.account.customers import Profile
from api.routing import api_router
from api.schemas.base import Schema
from api.schemas.memberships import MembershipOverview
from api.schemas.orders import OrderOut

router = api_router(
    prefix="/api/customers",
    tag="customers",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


class Standing(Schema):
    profile: Profile
    age: AgeStatus
    membership: MembershipOverview
    orders: list[OrderOut]
    """The latest first."""


@dataclass(frozen=True)
class Sources:
    customers: CustomersDep
    ages: AgesDep
    memberships: MembershipsDep
    checkout: CheckoutDep
    now: ClockDep


@router.get("/{customer_id}/standing")
def get_customer_overview(
    customer_id: ReadableCustomer,
    sources: Annotated[Sources, Depends()],
    orders: Annotated[int, Query(ge=1, le=100, description="how many orders at most")] = 10,
) -> Envelope[Standing]:
    """Account, proof of age, membership and orders: a customer's own, or any for staff."""
    found = Standing(
        profile=Profile.of(sources.customers.find(customer_id)),
        age=AgeStatus.of(sources.ages.status(customer_id), sources.now()),
        membership=MembershipOverview.of(sources.memberships, customer_id),
        orders=[OrderOut.of(each) for each in sources.checkout.orders(customer_id, limit=orders)],
    )
    return Envelope(data=found)
