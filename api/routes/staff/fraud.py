"""Payments that look like fraud, for those who decide about them."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.authorization import Compliance
from api.deps import FraudDep, PathId
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Dollars, Schema, Timestamp
from commerce.fraud.models import Review

router = api_router(
    prefix="/api/fraud",
    tag="fraud",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class ReviewShown(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "rev_8f2k1m9q0z7x3c5v6b4n",
                "customerId": "cus_ana",
                "kind": "order",
                "amount": 188.5,
                "score": 0.91,
                "reasons": ["This card was used 6 times in the last hour; usual is less than one."],
                "createdAt": "2026-03-01T12:00:00.000Z",
                "isFraud": None,
                "decidedBy": None,
                "decidedAt": None,
            }
        }
    )

    id: str
    customer_id: str
    kind: str
    amount: Dollars
    score: Annotated[float, Field(ge=0, le=1)]
    """How likely it is fraud."""
    reasons: tuple[str, ...]
    created_at: Timestamp
    is_fraud: bool | None
    decided_by: str | None
    decided_at: Timestamp | None

    @classmethod
    def of(cls, review: Review) -> "ReviewShown":
        return cls.model_validate(review)


class Verdict(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"isFraud": False}})

    is_fraud: Annotated[bool, Field(strict=True)]


@router.get("/reviews")
def list_fraud_reviews(_: Compliance, fraud: FraudDep) -> Envelope[list[ReviewShown]]:
    """What nobody has decided yet, the longest waiting first."""
    return Envelope(data=[ReviewShown.of(each) for each in fraud.reviews()])


@router.post("/reviews/{review_id}/decision", responses=refusals("NOT_FOUND", "CONFLICT"))
def decide_fraud_review(
    review_id: PathId, verdict: Verdict, principal: Compliance, fraud: FraudDep
) -> Envelope[ReviewShown]:
    """Say whether it was fraud. What waits for it goes on or is let go, and the like is judged by it."""
    decided = fraud.decide(review_id, by=principal.id, is_fraud=verdict.is_fraud)
    return Envelope(data=ReviewShown.of(decided))
