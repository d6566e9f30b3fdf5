"""What conversations publish: the warehouse's row of a turn."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from foundation.warehouse.retention import TWO_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class InteractionRow:
    """Written when the turn is learned, and again, whole, when it is understood."""

    topic: ClassVar[str] = "interactions"

    interaction_id: str
    customer_id: str
    session_id: str
    channel: str
    intent: str | None = None
    sealed_message: str
    sealed_response: str
    sealed_entities: str | None = None
    sentiment: float | None = None
    engagement_score: float | None = None
    timestamp: datetime
    updated_at: datetime


INTERACTIONS = table_of(
    InteractionRow,
    "customer_memory",
    key=("interaction_id",),
    day="timestamp",
    kept_days=TWO_YEARS,
    latest_by="updated_at",
)
