"""Verify once a year that a customer is 21 or older, and remember only that they are."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from commerce.age import store
from commerce.age.models import (
    FAILED_TRIES,
    FAILED_TRIES_WINDOW,
    MINIMUM_AGE,
    VALID_FOR,
    AgeNotProven,
    AgeProof,
    AgeSubmission,
    TooManyTries,
    UnderAge,
    check_form,
    tidy_name,
)
from commerce.customers.models import state_code
from commerce.customers.service import Customers
from foundation.clock import Calendar
from foundation.crypto import DataKeys, LookupDigest
from foundation.ids import new_id
from foundation.outbox import Outbox
from foundation.sql import Ledger

LAST_FOUR_PLACE = "age_verifications.id_last4"
IP_PLACE = "age_verifications.ip"


class AgeVerification:
    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        outbox: Outbox,
        keys: DataKeys,
        digests: LookupDigest,
        calendar: Calendar,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._outbox = outbox
        self._keys = keys
        self._digests = digests
        self._calendar = calendar

    def verify(self, customer_id: str, submission: AgeSubmission, *, ip: str | None = None) -> AgeProof:
        """The proof; one that is still valid is answered again, by `cache`."""
        now = self._calendar.now()
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            known = store.latest(connection, customer_id)
            if known is not None and known.is_valid(now):
                return replace(known, method="cache")
            refuse_too_many(store.failed_tries(connection, customer_id, since=now - FAILED_TRIES_WINDOW), now)
            row = self._row(customer_id, submission, ip=ip)
            if check_form(submission, self._calendar.today()) < MINIMUM_AGE:
                self._record_failure(row)
                raise UnderAge
            store.add(connection, row)
            self._outbox.append("age_verifications", _audit(row), customer_id=customer_id)
        return AgeProof(
            id=row["id"],
            customer_id=customer_id,
            is_over_21=row["is_over_21"],
            state=row["state"],
            method=row["method"],
            verified_at=row["verified_at"],
            expires_at=row["expires_at"],
        )

    def status(self, customer_id: str) -> AgeProof | None:
        """The latest proof, expired or not."""
        with self._ledger.transaction() as connection:
            return store.latest(connection, customer_id)

    def is_proven(self, customer_id: str, *, minimum_age: int = MINIMUM_AGE) -> bool:
        """A proof shows 21 and no more."""
        proof = self.status(customer_id)
        return minimum_age <= MINIMUM_AGE and proof is not None and proof.is_valid(self._calendar.now())

    def require(self, customer_id: str, *, minimum_age: int = MINIMUM_AGE) -> None:
        if not self.is_proven(customer_id, minimum_age=minimum_age):
            raise AgeNotProven(minimum_age)

    def _row(self, customer_id: str, submission: AgeSubmission, *, ip: str | None) -> dict[str, Any]:
        now = self._calendar.now()
        name, born = tidy_name(submission.full_name), submission.date_of_birth.isoformat()
        return {
            "id": new_id("age"),
            "customer_id": customer_id,
            "is_over_21": True,
            "state": state_code(submission.state),
            "method": "full_verification",
            "name_digest": self._digests.digest("age.name", f"{customer_id}|{name.casefold()}"),
            "birthday_digest": self._digests.digest("age.birthday", f"{customer_id}|{born}"),
            "id_last4_sealed": self._keys.seal(customer_id, submission.id_last4, context=LAST_FOUR_PLACE),
            "ip_sealed": ip and self._keys.seal(customer_id, ip, context=IP_PLACE),
            "verified_at": now,
            "expires_at": now + VALID_FOR,
        }

    def _record_failure(self, row: dict[str, Any]) -> None:
        """Commits on its own: the refusal that follows must not undo it."""
        customer_id = row["customer_id"]
        with self._ledger.separately() as connection:
            store.add_failed_try(
                connection, {"id": row["id"], "customer_id": customer_id, "at": row["verified_at"]}
            )
            audit = _audit(row) | {
                "verified": False,
                "reason": f"under {MINIMUM_AGE}",
                "verified_at": None,
                "expires_at": None,
            }
            self._outbox.append("age_verifications", audit, customer_id=customer_id)


def refuse_too_many(failed_tries: list[datetime], now: datetime) -> None:
    """`failed_tries` in the last window, the oldest first."""
    if len(failed_tries) >= FAILED_TRIES:
        raise TooManyTries(failed_tries[-FAILED_TRIES] + FAILED_TRIES_WINDOW - now)


def _audit(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "verification_id": row["id"],
        "customer_id": row["customer_id"],
        "verified": True,
        "verification_method": row["method"],
        "full_name_digest": row["name_digest"],
        "date_of_birth_digest": row["birthday_digest"],
        "state": row["state"],
        "sealed_metadata": row["id_last4_sealed"],
        "sealed_ip_address": row["ip_sealed"],
        "verified_at": row["verified_at"].isoformat(),
        "expires_at": row["expires_at"].isoformat(),
        "created_at": row["verified_at"].isoformat(),
    }
