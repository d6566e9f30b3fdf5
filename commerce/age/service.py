"""Verify once a year that a customer is 21 or older, and remember only that they are."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from commerce.age import store
from commerce.age.barcode import read_barcode
from commerce.age.evidence import Check, Evidence, audit, audit_of_erasure, audit_of_failure
from commerce.age.models import (
    FAILED_TRIES,
    FAILED_TRIES_FROM_ADDRESS,
    FAILED_TRIES_WINDOW,
    GRACE,
    MINIMUM_AGE,
    AgeNotProven,
    AgeProof,
    AgeRecord,
    AgeSubmission,
    Method,
    TooManyTries,
    UnderAge,
    check_form,
)
from commerce.age.ports import NoProofCache, ProofCache
from commerce.customers.service import Customers
from foundation.clock import Calendar
from foundation.outbox import Outbox
from foundation.sql import Ledger

SETTLED = timedelta(minutes=1)
"""A proof younger than this may be of a transaction that is still undone; it is not cached."""


@dataclass(frozen=True)
class AgeRules:
    grace: timedelta = GRACE
    cache: ProofCache = field(default_factory=NoProofCache)


class AgeVerification:
    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        outbox: Outbox,
        evidence: Evidence,
        calendar: Calendar,
        rules: AgeRules,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._outbox = outbox
        self._evidence = evidence
        self._calendar = calendar
        self._grace, self._cache = rules.grace, rules.cache

    def verify(
        self,
        customer_id: str,
        submission: AgeSubmission,
        *,
        ip: str | None = None,
        method: Method = "full_verification",
    ) -> AgeProof:
        """The proof; one that is still valid is answered again, by `cache`."""
        now = self._calendar.now()
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            known = store.latest(connection, customer_id, grace=self._grace)
            if known is not None and known.is_valid(now):
                return replace(known, method="cache")
            self._refuse_too_many(connection, customer_id, ip, now)
            row = self._evidence.row(Check(customer_id, submission, method, ip, now))
            if check_form(submission, self._calendar.today()) < MINIMUM_AGE:
                self._record_failure(row, ip)
                raise UnderAge
            store.add(connection, row)
            self._outbox.publish(audit(row), customer_id=customer_id)
        return store.proof_of(row, grace=self._grace)

    def verify_barcode(self, customer_id: str, barcode: str, *, ip: str | None = None) -> AgeProof:
        """By the text of the barcode on an ID: its form is shown, its age is worked out here."""
        submission = read_barcode(barcode, today=self._calendar.today())
        return self.verify(customer_id, submission, ip=ip, method="barcode_format")

    def status(self, customer_id: str) -> AgeProof | None:
        """The latest proof, expired or not."""
        with self._ledger.autocommit() as connection:
            return store.latest(connection, customer_id, grace=self._grace)

    def is_proven(self, customer_id: str, *, minimum_age: int = MINIMUM_AGE) -> bool:
        """Whether purchases go on, in the time of grace too. A proof shows 21 and no more."""
        return minimum_age <= MINIMUM_AGE and self._is_usable(customer_id)

    def require(self, customer_id: str, *, minimum_age: int = MINIMUM_AGE) -> None:
        if not self.is_proven(customer_id, minimum_age=minimum_age):
            raise AgeNotProven(minimum_age)

    def records(self, customer_id: str) -> list[AgeRecord]:
        """What is kept of the customer's checks, the latest first; for those who answer for it."""
        with self._ledger.autocommit() as connection:
            rows = store.records(connection, customer_id)
        return [self._evidence.open(row) for row in rows]

    def erase(self, customer_id: str, *, by: str) -> int:
        """Forget the proofs, and make unreadable what the law makes us keep; how many records there were.

        The customer may verify their age again. Failed tries stay counted.
        """
        now = self._calendar.now()
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            erased = store.erase(connection, customer_id)
            for record_id in erased:
                self._evidence.shred(customer_id, record_id)
            record = audit_of_erasure(customer_id, by=by, at=now, records=len(erased))
            self._outbox.publish(record, customer_id=customer_id)
        self._cache.drop(customer_id)
        return len(erased)

    def prune(self) -> int:
        """Forget failed tries that count no longer; the audit has them."""
        with self._ledger.autocommit() as connection:
            return store.drop_failed_tries(connection, before=self._calendar.now() - FAILED_TRIES_WINDOW)

    def _is_usable(self, customer_id: str) -> bool:
        now = self._calendar.now()
        cached = self._cache.find(customer_id)
        if cached is not None and cached.is_usable(now):
            return True
        proof = self.status(customer_id)
        if proof is None or not proof.is_usable(now):
            return False
        if now - proof.verified_at >= SETTLED:
            self._cache.keep(proof)
        return True

    def _refuse_too_many(
        self, connection: Connection, customer_id: str, ip: str | None, now: datetime
    ) -> None:
        since = now - FAILED_TRIES_WINDOW
        refuse_too_many(store.failed_tries(connection, customer_id, since=since), now, most=FAILED_TRIES)
        if ip is not None:
            here = store.failed_tries_from(connection, self._evidence.ip_digest(ip), since=since)
            refuse_too_many(here, now, most=FAILED_TRIES_FROM_ADDRESS)

    def _record_failure(self, row: dict[str, Any], ip: str | None) -> None:
        """Commits on its own: the refusal that follows must not undo it."""
        failed = {
            "id": row["id"],
            "customer_id": row["customer_id"],
            "at": row["verified_at"],
            "ip_digest": ip and self._evidence.ip_digest(ip),
        }
        record = audit_of_failure(row, reason=f"under {MINIMUM_AGE}")
        with self._ledger.new_transaction() as connection:
            store.add_failed_try(connection, failed)
            self._outbox.publish(record, customer_id=row["customer_id"])


def refuse_too_many(failed_tries: list[datetime], now: datetime, *, most: int) -> None:
    """`failed_tries` in the last window, the oldest first."""
    if len(failed_tries) >= most:
        raise TooManyTries(failed_tries[-most] + FAILED_TRIES_WINDOW - now)
