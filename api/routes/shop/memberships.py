"""Memberships: tiers, joining, changing, cancelling, and what a membership brings."""

from typing import Annotated

from fastapi import Depends, Header, Query

from api.authorization import Manager, Owner, OwnId, ReadableCustomer, Visitor
from api.deps import BenefitsDep, IdempotencyKey, MembershipsDep, MoneyKey
from api.envelope import Envelope, Page
from api.errors import refusals
from api.middleware.idempotency import KEY_HEADER
from api.pagination import Key, PageOf, PageRequest, newest_key
from api.routing import api_router
from api.schemas.memberships import (
    BenefitOut,
    DiscountOut,
    MembershipCancellation,
    MembershipOut,
    MembershipOverview,
    PromotionIn,
    PromotionOut,
    TierChoice,
    TierOut,
)
from api.schemas.money import QueryAmount
from commerce.memberships.models import PLANS, Grant
from commerce.memberships.promotions import Promotion
from foundation.ids import new_id
from foundation.money import Money

router = api_router(
    prefix="/api/memberships",
    tag="memberships",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


async def change_key(
    principal: Owner,
    key: Annotated[
        IdempotencyKey | None,
        Header(
            alias=KEY_HEADER,
            description="Names this change: sent again with the same key, it is made once.",
            examples=["change-2026-03-01-17"],
        ),
    ] = None,
) -> str:
    return f"{principal.id}:{key or new_id('chg')}"


ChangeKey = Annotated[str, Depends(change_key)]
PromotionPages = Annotated[PageRequest, Depends(PageOf("promotions"))]
BenefitPages = Annotated[PageRequest, Depends(PageOf("benefits"))]


@router.get("/tiers")
def list_membership_tiers(_: Visitor) -> Envelope[list[TierOut]]:
    """List the three tiers, what each costs a month and what it brings."""
    return Envelope(data=[TierOut.of(plan) for plan in PLANS.values()])


@router.post(
    "/subscribe",
    status_code=201,
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def subscribe_membership(
    choice: TierChoice, principal: Owner, key: MoneyKey, memberships: MembershipsDep
) -> Envelope[MembershipOut]:
    """Join: the default card is charged the first month now, once for each idempotency key."""
    membership = memberships.subscribe(principal.id, tier=choice.tier, key=key)
    return Envelope(data=MembershipOut.of(membership))


@router.get("/promotions")
def list_promotions(_: Visitor, benefits: BenefitsDep, page: PromotionPages) -> Page[PromotionOut]:
    """List the promotions that run now, the latest first. Members pay the lower of it and their discount."""
    return page.cut(benefits.promotions(), PromotionOut.of, key=_promotion_key)


@router.post("/promotions", status_code=201)
def create_promotion(planned: PromotionIn, manager: Manager, benefits: BenefitsDep) -> Envelope[PromotionOut]:
    """Create a promotion for members: off everything, a category or one product."""
    return Envelope(data=PromotionOut.of(benefits.promote(planned.promotion(), by=manager.id)))


@router.get("/discount/{customer_id}")
def get_membership_discount(
    customer_id: ReadableCustomer,
    subtotal: Annotated[QueryAmount, Query(description="Sum of the prices, in US dollars.")],
    memberships: MembershipsDep,
) -> Envelope[DiscountOut]:
    """Get what the customer's membership takes off a subtotal."""
    amount = Money.from_dollars(subtotal)
    return Envelope(data=DiscountOut.of(memberships.discount(customer_id, subtotal=amount)))


@router.get("/{customer_id}")
def get_membership(
    customer_id: ReadableCustomer, memberships: MembershipsDep
) -> Envelope[MembershipOverview]:
    """Get the customer's membership, paid or not, and what it is worth now."""
    return Envelope(data=MembershipOverview.of(memberships, customer_id))


@router.get("/{customer_id}/benefits")
def list_benefits(
    customer_id: ReadableCustomer, memberships: MembershipsDep, page: BenefitPages
) -> Page[BenefitOut]:
    """List what memberships have brought the customer, the latest first."""
    return page.cut(memberships.granted(customer_id), BenefitOut.of, key=_grant_key)


@router.put(
    "/{customer_id}/upgrade",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def upgrade_membership(
    customer_id: OwnId, choice: TierChoice, key: MoneyKey, memberships: MembershipsDep
) -> Envelope[MembershipOut]:
    """Change to a higher tier now: the difference for the rest of the period is charged at once."""
    changed = memberships.tiers.upgrade(customer_id, tier=choice.tier, key=key)
    return Envelope(data=MembershipOut.of(changed))


@router.put("/{customer_id}/downgrade", responses=refusals("NOT_FOUND", "CONFLICT"))
def downgrade_membership(
    customer_id: OwnId, choice: TierChoice, key: ChangeKey, memberships: MembershipsDep
) -> Envelope[MembershipOut]:
    """Change to a lower tier at the end of the period."""
    changed = memberships.tiers.downgrade(customer_id, tier=choice.tier, key=key)
    return Envelope(data=MembershipOut.of(changed))


@router.delete("/{customer_id}/downgrade", responses=refusals("NOT_FOUND", "CONFLICT"))
def withdraw_downgrade(
    customer_id: OwnId, key: ChangeKey, memberships: MembershipsDep
) -> Envelope[MembershipOut]:
    """Withdraw a planned downgrade."""
    return Envelope(data=MembershipOut.of(memberships.tiers.keep(customer_id, key=key)))


@router.put("/{customer_id}/cancel", responses=refusals("NOT_FOUND", "CONFLICT"))
def cancel_membership(
    customer_id: OwnId, why: MembershipCancellation, key: ChangeKey, memberships: MembershipsDep
) -> Envelope[MembershipOut]:
    """Cancel: nothing is charged again, and the benefits last to the end of the period."""
    cancelled = memberships.cancel(customer_id, reason=why.reason, key=key)
    return Envelope(data=MembershipOut.of(cancelled))


@router.put(
    "/{customer_id}/reactivate",
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def reactivate_membership(
    customer_id: OwnId, key: MoneyKey, memberships: MembershipsDep
) -> Envelope[MembershipOut]:
    """Reactivate: free while the cancelled membership still runs, otherwise a month is charged now."""
    return Envelope(data=MembershipOut.of(memberships.reactivate(customer_id, key=key)))


def _promotion_key(promotion: Promotion) -> Key:
    return newest_key(promotion.starts_at, promotion.id)


def _grant_key(grant: Grant) -> Key:
    return newest_key(grant.at, f"{grant.kind}-{grant.period}")
