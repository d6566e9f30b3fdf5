"""Figures of the business, for staff."""

from api.authorization import Staff
from api.deps import InsightsDep, MembershipFiguresDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.business import MembershipStats, SalesStats, Stats
from commerce.insights.service import Insights
from foundation.warehouse.base import WarehouseUnavailable

router = api_router(
    prefix="/api/admin",
    tag="admin",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


@router.get("/stats")
def get_stats(_: Staff, figures: MembershipFiguresDep, insights: InsightsDep) -> Envelope[Stats]:
    """Get recurring revenue, churn, lifetime value and tier changes, and the sales of 1, 7 and 30 days."""
    memberships = MembershipStats.of(figures.read())
    return Envelope(data=Stats(memberships=memberships, sales=_sales(insights)))


def _sales(insights: Insights) -> SalesStats | None:
    try:
        return SalesStats.model_validate(insights.sales())
    except WarehouseUnavailable:
        return None
