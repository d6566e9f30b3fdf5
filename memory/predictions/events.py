"""What predictions publish and read: purchases, predictions, and the orders that were cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from foundation.warehouse.retention import TWO_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class PurchaseRow:
    """Published by checkout too, for the shop's own orders."""

    topic: ClassVar[str] = "purchases"

    order_id: str
    customer_id: str
    payment_method: str | None = None
    amount_cents: int
    order_size: int | None = None
    products: tuple[str, ...]
    timestamp: datetime


PURCHASES = table_of(
    PurchaseRow,
    "customer_memory",
    key=("order_id",),
    day="timestamp",
    kept_days=TWO_YEARS,
)


@dataclass(frozen=True, kw_only=True)
class PredictionRow:
    """Written when the prediction is made, and again when it is scored."""

    topic: ClassVar[str] = "predictions"

    prediction_id: str
    customer_id: str
    prediction_type: str
    prediction_value: Mapping[str, Any]
    actual_value: Mapping[str, Any] | None = None
    confidence: float | None = None
    accuracy: float | None = None
    timestamp: datetime
    updated_at: datetime


PREDICTIONS = table_of(
    PredictionRow,
    "customer_memory",
    key=("prediction_id",),
    day="timestamp",
    kept_days=TWO_YEARS,
    latest_by="updated_at",
)


@dataclass(frozen=True, kw_only=True)
class OrderMoved:
    """What predictions read of an order; the row has more."""

    topic: ClassVar[str] = "orders"

    id: str
    status: str
