"""How a customer stands with the shop, on one sheet."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ReadableCustomer, TheHouse
from api.envelope import Envelope
from api.errors import refusals
from api.routes.account.age import AgeStatus
from api.routes.account.customers import Profile
from api.routes.shop.memberships import Standing as MembershipStanding
from api.routes.shop.orders import OrderShown
from api.shapes import Shape

router = APIRouter(
    prefix="/api/customers",
    tags=["customers"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


class Standing(Shape):
    profile: Profile
    age: AgeStatus
    membership: MembershipStanding
    orders: list[OrderShown]
    """The latest first."""


@router.get("/{customer_id}/standing")
def standing(
    customer_id: ReadableCustomer,
    house: TheHouse,
    orders: Annotated[int, Query(ge=1, le=100, description="how many orders at most")] = 10,
) -> Envelope[Standing]:
    """Account, proof of age, membership and orders: a customer's own, or any for staff."""
    found = Standing(
        profile=Profile.of(house.customers.find(customer_id)),
        age=AgeStatus.of(house.ages.status(customer_id), house.now()),
        membership=MembershipStanding.of(house.services.memberships, customer_id),
        orders=[OrderShown.of(each) for each in house.checkout.orders(customer_id, limit=orders)],
    )
    return Envelope(data=found)
