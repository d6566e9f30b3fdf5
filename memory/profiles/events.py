"""What profiles publish: the warehouse's row of a profile, one for each time it changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from foundation.warehouse.retention import TWO_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class CustomerProfileRow:
    topic: ClassVar[str] = "customer_profiles"

    customer_id: str
    sealed_profile: str
    total_purchases: int | None = None
    lifetime_value_cents: int | None = None
    churn_risk: float | None = None
    engagement_score: float | None = None
    timestamp: datetime
    last_interaction_date: datetime | None = None
    last_purchase_date: datetime | None = None


CUSTOMER_PROFILES = table_of(
    CustomerProfileRow,
    "customer_memory",
    key=("customer_id", "timestamp"),
    day="timestamp",
    kept_days=TWO_YEARS,
)
