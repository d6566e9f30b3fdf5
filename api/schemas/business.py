"""Figures of the business: memberships, sales and what to order again."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from api.schemas.base import Schema, Timestamp, example
from api.schemas.ids import ProductRef
from api.schemas.money import Amount
from commerce.demand.models import Suggestion
from commerce.memberships.metrics import LifetimeValue, MembershipFigures
from commerce.memberships.models import Tier


class LifetimeValueOut(Schema):
    """What a membership of a tier brings over its lifetime."""

    naive: Amount
    """Price of twelve months."""
    cohort: Amount
    """Expected revenue by the retention curve, discounted."""
    members: int
    """Number of memberships that the curve was estimated from."""
    kept_after_a_year: float | None
    """Share of members left after a year; null while no membership is that old."""

    @classmethod
    def of(cls, value: LifetimeValue) -> "LifetimeValueOut":
        return cls.model_validate(value)


class TierChangeOut(Schema):
    """How many members changed from one tier to another."""

    model_config = example(fromTier="BRONZE", toTier="GOLD", count=3)

    from_tier: Tier
    """The former tier."""
    to_tier: Tier
    """The new tier."""
    count: int
    """Number of members."""


class MembershipStats(Schema):
    """Figures of the memberships."""

    model_config = example(activeMembers=120, unpaidMembers=4, churnRate=0.04)

    mrr: Amount
    """Monthly recurring revenue."""
    active_members: int
    """Members with benefits."""
    unpaid_members: int
    """Members whose last payment failed."""
    churn_rate: float | None
    """Share of the members of thirty days ago who have left; null when there were none."""
    tier_distribution: dict[Tier, int]
    """Number of members of each tier."""
    lifetime_value: dict[Tier, LifetimeValueOut]
    """Lifetime value of each tier."""
    upgrades: list[TierChangeOut]
    """Changes to a higher tier in thirty days."""
    downgrades: list[TierChangeOut]
    """Changes to a lower tier in thirty days."""

    @classmethod
    def of(cls, figures: MembershipFigures) -> "MembershipStats":
        return cls(
            mrr=figures.mrr,
            active_members=figures.active,
            unpaid_members=figures.unpaid,
            churn_rate=figures.churn,
            tier_distribution=dict(figures.tiers),
            lifetime_value={tier: LifetimeValueOut.of(each) for tier, each in figures.lifetime_value.items()},
            upgrades=_changes(figures.upgrades),
            downgrades=_changes(figures.downgrades),
        )


class SalesOut(Schema):
    """Sales of a number of days."""

    model_config = example(days=7, payments=42)

    days: int
    """Number of days."""
    payments: int
    """Number of payments."""
    net: Amount
    """Revenue without refunds."""


class SalesStats(Schema):
    """Sales of today, a week and a month."""

    today: SalesOut
    """Sales of today."""
    week: SalesOut
    """Sales of the last 7 days."""
    month: SalesOut
    """Sales of the last 30 days."""


class Stats(Schema):
    """Figures of the business."""

    memberships: MembershipStats
    """Memberships."""
    sales: SalesStats | None
    """Sales; null while the warehouse does not answer."""


class ReorderSuggestion(Schema):
    """How much of a product to order."""

    model_config = example(
        name="Night Owl Gummies",
        onHand=12,
        leadDays=14,
        serviceLevel=0.95,
        expected=18.4,
        reorderPoint=29,
        toOrder=36,
        why="About 18.4 are sold in 14 days (mostly by TSB of 40 weeks); "
        "in 95% of such times 29 last. On hand: 12.",
    )

    product_id: ProductRef
    name: str
    """Name of the product."""
    on_hand: int
    """Pieces in stock."""
    lead_days: int
    """Days until an order arrives."""
    service_level: Annotated[float, Field(gt=0, lt=1)]
    """Share of the lead times in which the stock shall last."""
    expected: float | None
    """Sales expected until an order arrives; null when too little is known."""
    reorder_point: int | None
    """Stock at which to order; null when too little is known."""
    to_order: Annotated[int, Field(ge=0)]
    """Pieces to order."""
    why: str
    """Explanation in words."""
    computed_at: Timestamp
    """When it was computed."""

    @classmethod
    def of(cls, suggestion: Suggestion) -> "ReorderSuggestion":
        return cls.model_validate(suggestion)


def _changes(counted: Mapping[tuple[Tier, Tier], int]) -> list[TierChangeOut]:
    return [
        TierChangeOut(from_tier=old, to_tier=new, count=count)
        for (old, new), count in sorted(counted.items())
    ]
