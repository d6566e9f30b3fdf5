"""What is kept of a check: digests that nothing can be read from, and the last four digits, sealed.

Each record has a data key of its own, and the salt of its digests is sealed under it. So one record
can be erased without the customer, and what the law makes us keep of it then says nothing.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import RowMapping

from commerce.age.events import AgeVerificationRow
from commerce.age.models import VALID_FOR, AgeRecord, AgeSubmission, Method, tidy_name
from commerce.customers.models import state_code
from foundation.crypto import DataKeys, LookupDigest
from foundation.ids import new_id

LAST_FOUR_PLACE = "age_verifications.id_last4"
IP_PLACE = "age_verifications.ip"


@dataclass(frozen=True)
class Check:
    """A form that came in."""

    customer_id: str
    submission: AgeSubmission
    method: Method
    ip: str | None
    at: datetime


class Evidence:
    def __init__(self, keys: DataKeys, digests: LookupDigest) -> None:
        self._keys = keys
        self._digests = digests

    def row(self, check: Check) -> dict[str, Any]:
        """Raises a refusal for a name or a state that cannot be right."""
        record_id, salt, form = new_id("age"), token_hex(16), check.submission
        name, state = tidy_name(form.full_name), state_code(form.state)
        owner = _own_key(check.customer_id, record_id)
        kept = json.dumps({"id_last4": form.id_last4, "salt": salt})
        return {
            "id": record_id,
            "customer_id": check.customer_id,
            "is_over_21": True,
            "state": state,
            "method": check.method,
            "name_digest": self._digest("age.name", check, salt, name.casefold()),
            "birthday_digest": self._digest("age.birthday", check, salt, form.date_of_birth.isoformat()),
            "id_last4_sealed": self._keys.seal(owner, kept, context=LAST_FOUR_PLACE),
            "ip_sealed": check.ip and self._keys.seal(owner, check.ip, context=IP_PLACE),
            "sealed_under": owner,
            "verified_at": check.at,
            "expires_at": check.at + VALID_FOR,
        }

    def ip_digest(self, ip: str) -> str:
        return self._digests.digest("age.ip", ip)

    def open(self, row: RowMapping) -> AgeRecord:
        owner = row["sealed_under"]
        kept = self._keys.open(owner, row["id_last4_sealed"], context=LAST_FOUR_PLACE)
        ip = row["ip_sealed"]
        return AgeRecord(
            id=row["id"],
            method=row["method"],
            state=row["state"],
            id_last4=json.loads(kept)["id_last4"] if kept.startswith("{") else kept,
            ip=ip and self._keys.open(owner, ip, context=IP_PLACE),
            verified_at=row["verified_at"],
            expires_at=row["expires_at"],
        )

    def shred(self, customer_id: str, record_id: str) -> None:
        self._keys.shred(_own_key(customer_id, record_id))

    def _digest(self, purpose: str, check: Check, salt: str, value: str) -> str:
        return self._digests.digest(purpose, f"{check.customer_id}|{salt}|{value}")


def audit(row: dict[str, Any]) -> AgeVerificationRow:
    """The record as the warehouse keeps it for seven years."""
    return AgeVerificationRow(
        verification_id=row["id"],
        customer_id=row["customer_id"],
        verified=True,
        verification_method=row["method"],
        full_name_digest=row["name_digest"],
        date_of_birth_digest=row["birthday_digest"],
        state=row["state"],
        sealed_metadata=row["id_last4_sealed"],
        sealed_ip_address=row["ip_sealed"],
        verified_at=row["verified_at"],
        expires_at=row["expires_at"],
        created_at=row["verified_at"],
    )


def audit_of_failure(row: dict[str, Any], *, reason: str) -> AgeVerificationRow:
    return replace(audit(row), verified=False, reason=reason, verified_at=None, expires_at=None)


def audit_of_erasure(customer_id: str, *, by: str, at: datetime, records: int) -> AgeVerificationRow:
    return AgeVerificationRow(
        verification_id=new_id("age"),
        customer_id=customer_id,
        verified=False,
        verification_method="erasure",
        reason=f"{records} records erased by {by}",
        created_at=at,
    )


def _own_key(customer_id: str, record_id: str) -> str:
    return f"{customer_id}/{record_id}"
