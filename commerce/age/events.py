"""What age verification publishes: the audit record for the warehouse, and the reminder to renew a proof."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from commerce.customers.contact import NOTICES
from foundation.warehouse.retention import SEVEN_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class AgeVerificationRow:
    topic: ClassVar[str] = "age_verifications"

    verification_id: str
    customer_id: str
    verification_method: str
    state: str | None = None
    reason: str | None = None
    full_name_digest: str | None = None
    date_of_birth_digest: str | None = None
    sealed_metadata: str | None = None
    sealed_ip_address: str | None = None
    verified: bool
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    created_at: datetime


AGE_VERIFICATIONS = table_of(
    AgeVerificationRow,
    "commerce",
    key=("verification_id",),
    day="created_at",
    kept_days=SEVEN_YEARS,
    is_kept_by_law=True,
)


@dataclass(frozen=True, kw_only=True)
class AgeRenewalNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["age_renewal"] = "age_renewal"
    about: str
    expires_at: datetime
    usable_until: datetime
