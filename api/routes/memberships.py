"""Memberships: what there is, joining, and what one saves."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict

from api.deps import MoneyKey, Owner, ReadableCustomer, TheHouse, Visitor
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Amount, Dollars, Shape, Timestamp
from commerce.memberships.models import PLANS, Discount, Membership, MembershipStatus, Tier
from foundation.money import Money

router = APIRouter(
    prefix="/api/memberships",
    tags=["memberships"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class PlanOffered(Shape):
    tier: Tier
    name: str
    price: Dollars
    """A month."""
    discount_percent: int
    benefits: tuple[str, ...]


class Subscription(Shape):
    model_config = ConfigDict(json_schema_extra={"example": {"tier": "GOLD"}})

    tier: Tier


class MembershipHeld(Shape):
    id: str
    tier: Tier
    status: MembershipStatus
    price: Dollars
    discount_percent: int
    start_date: Timestamp
    next_billing_date: Timestamp

    @classmethod
    def of(cls, membership: Membership) -> "MembershipHeld":
        return cls(
            id=membership.id,
            tier=membership.tier,
            status=membership.status,
            price=membership.price,
            discount_percent=membership.percent,
            start_date=membership.started_at,
            next_billing_date=membership.next_billing_at,
        )


class Standing(Shape):
    is_member: bool
    membership: MembershipHeld | None


class Saving(Shape):
    has_discount: bool
    discount_percent: int
    discount_amount: Dollars
    final_total: Dollars
    tier: Tier | None

    @classmethod
    def of(cls, discount: Discount) -> "Saving":
        return cls(
            has_discount=discount.tier is not None,
            discount_percent=discount.percent,
            discount_amount=discount.amount,
            final_total=discount.final_total,
            tier=discount.tier,
        )


@router.get("/tiers")
def membership_tiers(_: Visitor) -> Envelope[list[PlanOffered]]:
    """The three memberships, what each costs a month and what it gives."""
    offered = [
        PlanOffered(
            tier=plan.tier,
            name=plan.tier.label,
            price=plan.price,
            discount_percent=plan.percent,
            benefits=plan.benefits,
        )
        for plan in PLANS.values()
    ]
    return Envelope(data=offered)


@router.post(
    "/subscribe",
    status_code=201,
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def subscribe(
    wanted: Subscription, principal: Owner, key: MoneyKey, house: TheHouse
) -> Envelope[MembershipHeld]:
    """Join: the card on file is charged the first month now, once for this key."""
    membership = house.services.memberships.subscribe(principal.id, tier=wanted.tier, key=key)
    return Envelope(data=MembershipHeld.of(membership))


@router.get("/discount/{customer_id}")
def membership_discount(
    customer_id: ReadableCustomer,
    subtotal: Annotated[Amount, Query(examples=["100.00"])],
    house: TheHouse,
) -> Envelope[Saving]:
    """What the customer's membership takes off this subtotal."""
    amount = Money.from_dollars(Decimal(subtotal))
    return Envelope(data=Saving.of(house.services.memberships.discount(customer_id, subtotal=amount)))


@router.get("/{customer_id}")
def membership(customer_id: ReadableCustomer, house: TheHouse) -> Envelope[Standing]:
    """The customer's active membership, if there is one."""
    found = house.services.memberships.status(customer_id)
    held = MembershipHeld.of(found) if found else None
    return Envelope(data=Standing(is_member=held is not None, membership=held))
