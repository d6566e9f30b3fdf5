"""What staff see of the shop as a business."""

from collections.abc import Mapping

from api.authorization import Staff
from api.deps import InsightsDep, MembershipFiguresDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Dollars, Schema
from commerce.insights.service import Insights
from commerce.memberships.metrics import LifetimeValue, MembershipFigures
from commerce.memberships.models import Tier
from foundation.warehouse.base import WarehouseUnavailable

router = api_router(
    prefix="/api/admin", tag="admin", responses=refusals("UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED")
)


class Worth(Schema):
    naive: Dollars
    """The price of twelve months."""
    cohort: Dollars
    """By the retention curve, discounted."""
    members: int
    kept_after_a_year: float | None

    @classmethod
    def of(cls, worth: LifetimeValue) -> "Worth":
        return cls.model_validate(worth)


class Flow(Schema):
    from_tier: Tier
    to_tier: Tier
    count: int


class MembershipStats(Schema):
    mrr: Dollars
    active_members: int
    unpaid_members: int
    churn_rate: float | None
    """Of the members of thirty days ago, the share that has left; null when there were none."""
    tier_distribution: dict[Tier, int]
    lifetime_value: dict[Tier, Worth]
    upgrades: list[Flow]
    downgrades: list[Flow]

    @classmethod
    def of(cls, figures: MembershipFigures) -> "MembershipStats":
        return cls(
            mrr=figures.mrr,
            active_members=figures.active,
            unpaid_members=figures.unpaid,
            churn_rate=figures.churn,
            tier_distribution=dict(figures.tiers),
            lifetime_value={tier: Worth.of(worth) for tier, worth in figures.lifetime_value.items()},
            upgrades=_flows(figures.upgrades),
            downgrades=_flows(figures.downgrades),
        )


class Sold(Schema):
    days: int
    payments: int
    net: Dollars
    """Without what was given back."""


class SalesStats(Schema):
    today: Sold
    week: Sold
    month: Sold


class Stats(Schema):
    memberships: MembershipStats
    sales: SalesStats | None
    """Null while the warehouse does not answer."""


@router.get("/stats")
def get_stats(_: Staff, figures: MembershipFiguresDep, insights: InsightsDep) -> Envelope[Stats]:
    """Revenue, churn, lifetime value and moves of the memberships, and what was sold in 1, 7 and 30 days."""
    memberships = MembershipStats.of(figures.read())
    return Envelope(data=Stats(memberships=memberships, sales=_sales(insights)))


def _sales(insights: Insights) -> SalesStats | None:
    try:
        return SalesStats.model_validate(insights.sales())
    except WarehouseUnavailable:
        return None


def _flows(counted: Mapping[tuple[Tier, Tier], int]) -> list[Flow]:
    return [Flow(from_tier=old, to_tier=new, count=count) for (old, new), count in sorted(counted.items())]
