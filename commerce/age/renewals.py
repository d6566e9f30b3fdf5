"""Remind customers that their proof of age expires soon, once for each proof."""

from datetime import datetime, timedelta

from commerce.age import store
from commerce.age.events import AgeRenewalNotice
from commerce.age.models import GRACE, REMINDER_LEAD_TIME
from foundation.clock import Clock
from foundation.outbox import Outbox
from foundation.sql import Ledger

BATCH = 500


class Renewals:
    def __init__(self, ledger: Ledger, outbox: Outbox, *, now: Clock, grace: timedelta = GRACE) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._now = now
        self._grace = grace

    def remind(self) -> int:
        """How many customers were reminded now."""
        total = 0
        while count := self._remind_batch():
            total += count
        return total

    def _remind_batch(self) -> int:
        with self._ledger.transaction() as connection:
            due = store.claim_renewals(
                connection, lead_time=REMINDER_LEAD_TIME, grace=self._grace, now=self._now(), limit=BATCH
            )
            for row in due:
                self._append(row["id"], row["customer_id"], expires_at=row["expires_at"])
        return len(due)

    def _append(self, proof_id: str, customer_id: str, *, expires_at: datetime) -> None:
        notice = AgeRenewalNotice(
            about=proof_id, expires_at=expires_at, usable_until=expires_at + self._grace
        )
        self._outbox.publish(notice, customer_id=customer_id, event_id=f"ntc_age_renewal_{proof_id}")
