"""Attempts to pay, the earlier ones they are compared with, and what staff are asked to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from foundation.errors import Conflict, NotFound
from foundation.money import Money

Decision = Literal["allow", "review"]


class Subject(StrEnum):
    """What attempts may have in common."""

    CARD = "card"
    ADDRESS = "address"
    DEVICE = "device"
    IP = "ip"
    ACCOUNT = "account"


FIELDS = {
    Subject.CARD: "card_digest",
    Subject.ADDRESS: "address_digest",
    Subject.DEVICE: "device_digest",
    Subject.IP: "ip_digest",
    Subject.ACCOUNT: "customer_id",
}


@dataclass(frozen=True)
class RequestFingerprint:
    """Where a request comes from; only keyed digests of it are stored."""

    ip: str = ""
    device: str = ""


UNKNOWN = RequestFingerprint()


@dataclass(frozen=True)
class PurchaseSeen:
    """A purchase that is about to be paid, as the service that sells it describes it."""

    customer_id: str
    amount: Money
    kind: str
    key: str
    card_marks: str
    is_card_unmistakable: bool
    at: datetime
    fingerprint: RequestFingerprint = UNKNOWN


@dataclass(frozen=True)
class Attempt:
    """Somebody is about to pay. What could identify a person is here as a keyed digest only."""

    customer_id: str
    amount: Money
    card_digest: str | None
    address_digest: str | None
    device_digest: str | None
    ip_digest: str | None
    at: datetime
    kind: str
    """What is paid for, such as `order`."""
    key: str | None = None
    """Attempts with the same key are one; None makes each its own."""
    is_card_unmistakable: bool = True
    """False when the card is known by brand, digits and expiry alone: another one may have the same."""

    def digest(self, subject: Subject) -> str | None:
        digest: str | None = getattr(self, FIELDS[subject])
        return digest


@dataclass(frozen=True)
class Past:
    """An earlier attempt, as far as a later one is compared with it."""

    at: datetime
    customer_id: str
    amount_cents: int
    card: str | None
    address: str | None
    device: str | None
    ip: str | None
    is_fraud: bool | None = None
    """What staff found; None when nobody has looked."""


History = Mapping[Subject, Sequence[Past]]
"""The latest attempts that share each subject, the newest first; at most `KEPT` of each."""
KEPT = 100


@dataclass(frozen=True)
class Assessment:
    decision: Decision
    score: float
    """How likely it is fraud, 0 to 1."""
    reasons: tuple[str, ...]
    """For staff, the weightiest first; empty when nothing stands out."""
    review_id: str | None = None
    """Set when staff are asked to look at it."""


@dataclass(frozen=True)
class Review:
    id: str
    attempt_id: str
    customer_id: str
    kind: str
    amount: Money
    score: float
    reasons: tuple[str, ...]
    created_at: datetime
    is_fraud: bool | None = None
    """None until somebody has decided."""
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def decision(self) -> Decision:
        return "allow" if self.is_fraud is False else "review"


class ReviewNotFound(NotFound):
    def __init__(self, review_id: str) -> None:
        super().__init__(f"There is no fraud review {review_id}.")


class ReviewDecided(Conflict):
    def __init__(self, review: Review) -> None:
        verdict = "fraud" if review.is_fraud else "genuine"
        super().__init__(
            f"Review {review.id} has been decided already: {verdict}.", {"is_fraud": review.is_fraud}
        )
