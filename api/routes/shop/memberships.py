"""Memberships: what there is, joining, changing, leaving, and what one brings."""

from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Header, Query
from pydantic import AwareDatetime, ConfigDict, Field

from api.authorization import Manager, Owner, ReadableCustomer, SomeoneElses, Visitor
from api.deps import BenefitsDep, IdempotencyKey, MembershipsDep, MoneyKey, PathId
from api.envelope import Envelope
from api.errors import refusals
from api.middleware.idempotency import KEY_HEADER
from api.routing import api_router
from api.schemas.base import Amount, Dollars, Id, PlainText, Schema, Timestamp
from commerce.memberships.models import (
    PLANS,
    Benefit,
    Discount,
    Grant,
    Membership,
    MembershipStatus,
    Tier,
)
from commerce.memberships.promotions import Promotion
from commerce.memberships.service import Memberships
from foundation.ids import new_id
from foundation.money import Money

MOST_OFF_CENTS = 1_000_000_00

router = api_router(
    prefix="/api/memberships",
    tag="memberships",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


async def own_id(customer_id: PathId, principal: Owner) -> str:
    """The customer named in the path, who must be the caller."""
    if customer_id != principal.id:
        raise SomeoneElses
    return customer_id


async def change_key(
    principal: Owner, key: Annotated[IdempotencyKey | None, Header(alias=KEY_HEADER)] = None
) -> str:
    return f"{principal.id}:{key or new_id('chg')}"


OwnId = Annotated[str, Depends(own_id)]
ChangeKey = Annotated[str, Depends(change_key)]


class PlanOffered(Schema):
    tier: Tier
    name: str
    price: Dollars
    """A month."""
    discount_percent: int
    benefits: tuple[str, ...]


class Subscription(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"tier": "GOLD"}})

    tier: Tier


class Leaving(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"reason": "I travel until autumn."}})

    reason: Annotated[PlainText, Field(max_length=500)] = ""


class MembershipHeld(Schema):
    id: str
    tier: Tier
    status: MembershipStatus
    price: Dollars
    discount_percent: int
    start_date: Timestamp
    period_start: Timestamp
    period_end: Timestamp
    next_billing_date: Timestamp | None
    planned_tier: Tier | None
    """What a planned downgrade leads to at the period's end."""
    cancelled_date: Timestamp | None

    @classmethod
    def of(cls, membership: Membership) -> "MembershipHeld":
        return cls(
            id=membership.id,
            tier=membership.tier,
            status=membership.status,
            price=membership.price,
            discount_percent=membership.percent,
            start_date=membership.started_at,
            period_start=membership.period_start,
            period_end=membership.period_end,
            next_billing_date=membership.next_billing_at,
            planned_tier=membership.planned_tier,
            cancelled_date=membership.cancelled_at,
        )


class Standing(Schema):
    is_member: bool
    """Whether there are benefits now; a suspended membership has none."""
    membership: MembershipHeld | None
    early_access: bool
    gift_due: bool
    """This month's gift comes with the next purchase."""

    @classmethod
    def of(cls, memberships: Memberships, customer_id: str) -> "Standing":
        found, entitled = memberships.status(customer_id), memberships.entitlements(customer_id)
        return cls(
            is_member=entitled.tier is not None,
            membership=MembershipHeld.of(found) if found else None,
            early_access=entitled.early_access,
            gift_due=entitled.gift_due,
        )


class BenefitBrought(Schema):
    kind: Benefit
    period: int
    date: Timestamp
    order_id: str | None

    @classmethod
    def of(cls, grant: Grant) -> "BenefitBrought":
        return cls(kind=grant.kind, period=grant.period, date=grant.at, order_id=grant.order_id)


class PromotionPlanned(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "title": "Spring edibles",
                "tiers": ["SILVER", "GOLD"],
                "startsAt": "2026-04-01T05:00:00Z",
                "endsAt": "2026-05-01T05:00:00Z",
                "percent": 35,
                "category": "edible",
            }
        }
    )

    title: Annotated[PlainText, Field(min_length=1, max_length=120)]
    tiers: Annotated[frozenset[Tier], Field(min_length=1)]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    percent: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    off_cents: Annotated[int, Field(ge=1, le=MOST_OFF_CENTS, strict=True)] | None = None
    category: Annotated[PlainText, Field(min_length=1, max_length=40)] | None = None
    product_id: Id | None = None


class PromotionShown(Schema):
    id: str
    title: str
    tiers: list[Tier]
    starts_at: Timestamp
    ends_at: Timestamp
    percent: int | None
    off: Dollars | None
    category: str | None
    product_id: str | None

    @classmethod
    def of(cls, promotion: Promotion) -> "PromotionShown":
        return cls.model_validate({**vars(promotion), "tiers": sorted(promotion.tiers)})


class Saving(Schema):
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
def list_membership_tiers(_: Visitor) -> Envelope[list[PlanOffered]]:
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
def subscribe_membership(
    wanted: Subscription, principal: Owner, key: MoneyKey, memberships: MembershipsDep
) -> Envelope[MembershipHeld]:
    """Join: the card on file is charged the first month now, once for this key."""
    membership = memberships.subscribe(principal.id, tier=wanted.tier, key=key)
    return Envelope(data=MembershipHeld.of(membership))


@router.get("/promotions")
def list_promotions(_: Visitor, benefits: BenefitsDep) -> Envelope[list[PromotionShown]]:
    """What members can buy for less now: this or the membership's own discount, whichever is more."""
    return Envelope(data=[PromotionShown.of(each) for each in benefits.promotions()])


@router.post("/promotions", status_code=201)
def create_promotion(
    planned: PromotionPlanned, manager: Manager, benefits: BenefitsDep
) -> Envelope[PromotionShown]:
    """Run a promotion for members: a percentage or an amount off everything, a category or one product."""
    promotion = Promotion(
        id="",
        title=planned.title,
        tiers=planned.tiers,
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
        percent=planned.percent,
        off=None if planned.off_cents is None else Money(planned.off_cents),
        category=planned.category,
        product_id=planned.product_id,
    )
    return Envelope(data=PromotionShown.of(benefits.promote(promotion, by=manager.id)))


@router.get("/discount/{customer_id}")
def get_membership_discount(
    customer_id: ReadableCustomer,
    subtotal: Annotated[Amount, Query(examples=["100.00"])],
    memberships: MembershipsDep,
) -> Envelope[Saving]:
    """What the customer's membership takes off this subtotal."""
    amount = Money.from_dollars(Decimal(subtotal))
    return Envelope(data=Saving.of(memberships.discount(customer_id, subtotal=amount)))


@router.get("/{customer_id}")
def get_membership(customer_id: ReadableCustomer, memberships: MembershipsDep) -> Envelope[Standing]:
    """The customer's membership, paid or not, and what it is worth now."""
    return Envelope(data=Standing.of(memberships, customer_id))


@router.get("/{customer_id}/benefits")
def list_benefits(
    customer_id: ReadableCustomer, memberships: MembershipsDep
) -> Envelope[list[BenefitBrought]]:
    """What memberships have brought the customer: raffle entries, gift boxes and gifts, the latest first."""
    granted = memberships.granted(customer_id)
    return Envelope(data=[BenefitBrought.of(each) for each in granted])


@router.put(
    "/{customer_id}/upgrade",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def upgrade_membership(
    customer_id: OwnId, wanted: Subscription, key: MoneyKey, memberships: MembershipsDep
) -> Envelope[MembershipHeld]:
    """Change to a better tier now: the difference for the days left of the period is charged at once."""
    changed = memberships.tiers.upgrade(customer_id, tier=wanted.tier, key=key)
    return Envelope(data=MembershipHeld.of(changed))


@router.put("/{customer_id}/downgrade", responses=refusals("NOT_FOUND", "CONFLICT"))
def downgrade_membership(
    customer_id: OwnId, wanted: Subscription, key: ChangeKey, memberships: MembershipsDep
) -> Envelope[MembershipHeld]:
    """Change to a smaller tier at the period's end; until then everything stays."""
    changed = memberships.tiers.downgrade(customer_id, tier=wanted.tier, key=key)
    return Envelope(data=MembershipHeld.of(changed))


@router.delete("/{customer_id}/downgrade", responses=refusals("NOT_FOUND", "CONFLICT"))
def withdraw_downgrade(
    customer_id: OwnId, key: ChangeKey, memberships: MembershipsDep
) -> Envelope[MembershipHeld]:
    """Take a planned downgrade back."""
    return Envelope(data=MembershipHeld.of(memberships.tiers.keep(customer_id, key=key)))


@router.put("/{customer_id}/cancel", responses=refusals("NOT_FOUND", "CONFLICT"))
def cancel_membership(
    customer_id: OwnId, leaving: Leaving, key: ChangeKey, memberships: MembershipsDep
) -> Envelope[MembershipHeld]:
    """Leave: nothing is charged again, and the benefits stay to the period's end."""
    left = memberships.cancel(customer_id, reason=leaving.reason, key=key)
    return Envelope(data=MembershipHeld.of(left))


@router.put(
    "/{customer_id}/reactivate",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def reactivate_membership(
    customer_id: OwnId, key: MoneyKey, memberships: MembershipsDep
) -> Envelope[MembershipHeld]:
    """Come back: free while the cancelled membership still runs, else the month is charged now."""
    back = memberships.reactivate(customer_id, key=key)
    return Envelope(data=MembershipHeld.of(back))
