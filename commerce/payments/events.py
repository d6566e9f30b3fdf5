"""What payments publish: the warehouse's row, decisions on held charges, and the notice of a refund."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from commerce.customers.contact import NOTICES
from commerce.payments.models import PaymentStatus
from foundation.warehouse.retention import SEVEN_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class PaymentRow:
    topic: ClassVar[str] = "payments"

    id: str
    customer_id: str
    invoice: str
    description: str
    status: PaymentStatus
    currency: str
    amount_cents: int
    refunded_cents: int
    created_at: datetime
    updated_at: datetime


PAYMENTS = table_of(
    PaymentRow,
    "commerce",
    key=("id",),
    day="created_at",
    kept_days=SEVEN_YEARS,
    latest_by="updated_at",
    is_kept_by_law=True,
)


@dataclass(frozen=True, kw_only=True)
class PaymentDecided:
    """A person let a held charge through, or refused it."""

    topic: ClassVar[str] = "payment_decisions"

    payment_id: str
    key: str
    purpose: str
    status: PaymentStatus
    by: str


@dataclass(frozen=True, kw_only=True)
class RefundNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["refund"] = "refund"
    about: str
    amount_cents: int
    description: str
