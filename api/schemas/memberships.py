"""Membership tiers, memberships, promotions and what they bring."""

from typing import Annotated

from pydantic import Field

from api.schemas.base import Id, Moment, PlainText, Schema, Timestamp, example
from api.schemas.money import Amount, PayableAmount
from commerce.memberships.models import Benefit, Discount, Grant, Membership, MembershipStatus, Plan, Tier
from commerce.memberships.promotions import Promotion
from commerce.memberships.service import Memberships


class TierOut(Schema):
    """A membership that is offered."""

    model_config = example(
        tier="GOLD",
        name="Gold",
        discountPercent=30,
        benefits=["30% off every order"],
    )

    tier: Tier
    """The tier."""
    name: str
    """Name as the shop shows it."""
    price: Amount
    """Price of a month."""
    discount_percent: int
    """Discount on every order, in percent."""
    benefits: tuple[str, ...]
    """What it brings, in words."""

    @classmethod
    def of(cls, plan: Plan) -> "TierOut":
        return cls(
            tier=plan.tier,
            name=plan.tier.label,
            price=plan.price,
            discount_percent=plan.percent,
            benefits=plan.benefits,
        )


class TierChoice(Schema):
    """The tier to join or to change to."""

    model_config = example(tier="GOLD")

    tier: Tier
    """The tier."""


class MembershipCancellation(Schema):
    """Why a membership is cancelled."""

    model_config = example(reason="I travel until autumn.")

    reason: Annotated[PlainText, Field(max_length=500)] = ""
    """Reason, in the customer's words."""


class MembershipOut(Schema):
    """A customer's membership."""

    model_config = example(
        id="mem_2k1m9q0z7x3c5v6b4n8f",
        tier="GOLD",
        discountPercent=30,
        plannedTier=None,
        cancelledDate=None,
    )

    id: str
    """Id of the membership."""
    tier: Tier
    """The tier now."""
    status: MembershipStatus
    """State of the membership."""
    price: Amount
    """Price of a month."""
    discount_percent: int
    """Discount on every order, in percent."""
    start_date: Timestamp
    """When it began."""
    period_start: Timestamp
    """When the paid period began."""
    period_end: Timestamp
    """When the paid period ends."""
    next_billing_date: Timestamp | None
    """When the card is charged next; null when it will not be."""
    planned_tier: Tier | None
    """Tier from the end of the period on; null when none is planned."""
    cancelled_date: Timestamp | None
    """When it was cancelled; null when it was not."""

    @classmethod
    def of(cls, membership: Membership) -> "MembershipOut":
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


class MembershipOverview(Schema):
    """A customer's membership and what it is worth now."""

    is_member: bool
    """Whether it brings benefits now; a suspended membership brings none."""
    membership: MembershipOut | None
    """The latest membership; null when there never was one."""
    early_access: bool
    """Whether new products are for sale to the customer before others."""
    gift_due: bool
    """Whether this month's gift comes with the next purchase."""

    @classmethod
    def of(cls, memberships: Memberships, customer_id: str) -> "MembershipOverview":
        found, entitled = memberships.status(customer_id), memberships.entitlements(customer_id)
        return cls(
            is_member=entitled.tier is not None,
            membership=MembershipOut.of(found) if found else None,
            early_access=entitled.early_access,
            gift_due=entitled.gift_due,
        )


class BenefitOut(Schema):
    """A benefit that a membership has brought."""

    kind: Benefit
    """Kind of the benefit."""
    period: int
    """Number of the membership's period, from 1."""
    date: Timestamp
    """When it was granted."""
    order_id: Annotated[str | None, Field(examples=["ord_7k2m9q0z7x3c5v6b4n1d"])]
    """Id of the order that a gift came with; null for other benefits."""

    @classmethod
    def of(cls, grant: Grant) -> "BenefitOut":
        return cls(kind=grant.kind, period=grant.period, date=grant.at, order_id=grant.order_id)


class PromotionIn(Schema):
    """A promotion for members: a percentage or an amount off."""

    model_config = example(
        title="Spring edibles",
        tiers=["SILVER", "GOLD"],
        startsAt="2026-04-01T05:00:00Z",
        endsAt="2026-05-01T05:00:00Z",
        percent=35,
        off=None,
        category="edible",
        productId=None,
    )

    title: Annotated[PlainText, Field(min_length=1, max_length=120)]
    """Title as members see it."""
    tiers: Annotated[frozenset[Tier], Field(min_length=1)]
    """Tiers it is for."""
    starts_at: Moment
    """When it begins."""
    ends_at: Moment
    """When it ends."""
    percent: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Percentage off; either this or `off`."""
    off: PayableAmount | None = None
    """Amount off each piece; either this or `percent`."""
    category: Annotated[PlainText, Field(min_length=1, max_length=40)] | None = None
    """Only products of this category; null for all."""
    product_id: Id | None = None
    """Only this product; null for all."""

    def promotion(self) -> Promotion:
        return Promotion(
            id="",
            title=self.title,
            tiers=self.tiers,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            percent=self.percent,
            off=self.off,
            category=self.category,
            product_id=self.product_id,
        )


class PromotionOut(Schema):
    """A promotion that runs or will run."""

    model_config = example(
        id="prm_9q0z7x3c5v6b4n8f2k1m",
        title="Spring edibles",
        percent=35,
        off=None,
        category="edible",
        productId=None,
    )

    id: str
    """Id of the promotion."""
    title: str
    """Title as members see it."""
    tiers: list[Tier]
    """Tiers it is for."""
    starts_at: Timestamp
    """When it begins."""
    ends_at: Timestamp
    """When it ends."""
    percent: int | None
    """Percentage off; null when an amount is taken off."""
    off: Amount | None
    """Amount off each piece; null when a percentage is taken off."""
    category: str | None
    """Only products of this category; null for all."""
    product_id: str | None
    """Only this product; null for all."""

    @classmethod
    def of(cls, promotion: Promotion) -> "PromotionOut":
        return cls.model_validate({**vars(promotion), "tiers": sorted(promotion.tiers)})


class DiscountOut(Schema):
    """What a membership takes off a subtotal."""

    model_config = example(hasDiscount=True, discountPercent=30, tier="GOLD")

    has_discount: bool
    """Whether there is a discount."""
    discount_percent: int
    """Discount in percent."""
    discount_amount: Amount
    """What is taken off."""
    final_total: Amount
    """What is left of the subtotal."""
    tier: Tier | None
    """Tier that gives the discount; null without one."""

    @classmethod
    def of(cls, discount: Discount) -> "DiscountOut":
        return cls(
            has_discount=discount.tier is not None,
            discount_percent=discount.percent,
            discount_amount=discount.amount,
            final_total=discount.final_total,
            tier=discount.tier,
        )
