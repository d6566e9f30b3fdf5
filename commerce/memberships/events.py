"""What memberships publish: the warehouse's row, and each paid period."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from commerce.memberships.models import MembershipStatus, Tier
from foundation.warehouse.retention import SEVEN_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class MembershipRow:
    topic: ClassVar[str] = "memberships"

    id: str
    customer_id: str
    tier: Tier
    status: MembershipStatus
    payment_id: str | None = None
    cancel_reason: str | None = None
    price_cents: int
    discount_percent: int | None = None
    started_at: datetime | None = None
    next_billing_at: datetime | None = None
    cancelled_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


MEMBERSHIPS = table_of(
    MembershipRow,
    "commerce",
    key=("id",),
    day="created_at",
    kept_days=SEVEN_YEARS,
    latest_by="updated_at",
    is_kept_by_law=True,
)


@dataclass(frozen=True, kw_only=True)
class PeriodPaid:
    topic: ClassVar[str] = "membership_periods"

    membership_id: str
    customer_id: str
    tier: Tier
    period: int
    period_start: datetime
    period_end: datetime
