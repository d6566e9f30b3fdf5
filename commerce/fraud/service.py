"""Assess attempts to pay, and ask staff about the ones that look like fraud. Nothing is refused here."""

from dataclasses import replace
from datetime import timedelta

from commerce.customers.addresses import Addresses
from commerce.fraud import store
from commerce.fraud.events import FraudDecided
from commerce.fraud.models import (
    FIELDS,
    Assessment,
    Attempt,
    PurchaseSeen,
    Review,
    ReviewDecided,
    ReviewNotFound,
    Subject,
)
from commerce.fraud.rates import HORIZON
from commerce.fraud.scoring import reasons, score
from commerce.fraud.signals import signals
from foundation.clock import Clock
from foundation.crypto import LookupDigest
from foundation.ids import new_id
from foundation.outbox import Outbox
from foundation.sql import Ledger


class Fraud:
    def __init__(
        self,
        ledger: Ledger,
        outbox: Outbox,
        digests: LookupDigest,
        addresses: Addresses,
        *,
        review_from: float,
        now: Clock,
    ) -> None:
        """Attempts that score `review_from` or more are shown to staff."""
        self._ledger = ledger
        self._outbox = outbox
        self._digests = digests
        self._addresses = addresses
        self._review_from = review_from
        self._now = now

    def digest(self, subject: Subject, value: str) -> str:
        """The keyed digest of a card, address, device or network; case and spacing do not count."""
        return self._digests.digest(f"fraud.{subject}", " ".join(value.casefold().split()))

    def weigh(self, purchase: PurchaseSeen) -> Assessment:
        """Assess it with what can be known of it; orders go to the customer's default address."""
        home = self._addresses.default(purchase.customer_id)
        seen = {
            Subject.CARD: purchase.card_marks,
            Subject.ADDRESS: home.in_a_line if home else "",
            Subject.DEVICE: purchase.fingerprint.device,
            Subject.IP: purchase.fingerprint.ip,
        }
        digests = {FIELDS[each]: self.digest(each, value) if value else None for each, value in seen.items()}
        return self.assess(
            Attempt(
                customer_id=purchase.customer_id,
                amount=purchase.amount,
                at=purchase.at,
                kind=purchase.kind,
                key=f"{purchase.kind}:{purchase.key}",
                is_card_unmistakable=purchase.is_card_unmistakable,
                **digests,
            )
        )

    def assess(self, attempt: Attempt) -> Assessment:
        """Allow it, or have staff look at it first.

        The attempt is committed by itself before it is compared with the others: so it counts even
        when the payment is declined and everything else rolled back, and of attempts made at once the
        last one sees them all. A review is committed as well: the caller may roll back what waits for it.
        """
        with self._ledger.new_transaction() as connection:
            attempt_id = store.add(connection, new_id("fra"), attempt)
        with self._ledger.autocommit() as connection:
            past = store.history(connection, attempt_id, attempt, since=attempt.at - HORIZON)
        seen = signals(attempt, past)
        likely = score(seen)
        if likely < self._review_from:
            return Assessment("allow", likely, ())
        review = self._ask(attempt_id, attempt, likely=likely, why=reasons(seen))
        return Assessment(review.decision, review.score, review.reasons, review.id)

    def reviews(self) -> list[Review]:
        """What nobody has decided yet, the longest waiting first."""
        with self._ledger.autocommit() as connection:
            return store.open_reviews(connection)

    def decide(self, review_id: str, *, by: str, is_fraud: bool) -> Review:
        """Keep what staff found; attempts that share a card, address or device with fraud are reviewed."""
        with self._ledger.transaction() as connection:
            review = store.lock_review(connection, review_id)
            if review is None:
                raise ReviewNotFound(review_id)
            if review.is_fraud is not None and review.is_fraud != is_fraud:
                raise ReviewDecided(review)
            if review.is_fraud == is_fraud:
                return review
            decided = replace(review, is_fraud=is_fraud, decided_by=by, decided_at=self._now())
            store.decide(connection, decided)
            decision = FraudDecided(review_id=review.id, kind=review.kind, is_fraud=is_fraud)
            self._outbox.publish(decision, customer_id=review.customer_id, event_id=f"frd_{review.id}")
        return decided

    def prune(self, *, keep: timedelta) -> int:
        """Drop attempts older than `keep`; reviews and what was decided stay."""
        with self._ledger.transaction() as connection:
            return store.prune(connection, before=self._now() - keep)

    def erase(self, customer_id: str) -> int:
        """Drop what is kept of a customer; how many rows that were."""
        with self._ledger.transaction() as connection:
            return store.erase(connection, customer_id)

    def _ask(self, attempt_id: str, attempt: Attempt, *, likely: float, why: tuple[str, ...]) -> Review:
        review = Review(
            id=new_id("rev"),
            attempt_id=attempt_id,
            customer_id=attempt.customer_id,
            kind=attempt.kind,
            amount=attempt.amount,
            score=likely,
            reasons=why,
            created_at=attempt.at,
        )
        with self._ledger.new_transaction() as connection:
            return store.add_review(connection, review)
