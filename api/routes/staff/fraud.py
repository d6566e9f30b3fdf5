"""Purchases that may be fraud, for those who decide about them."""

from typing import Annotated

from fastapi import Depends

from api.authorization import Compliance
from api.deps import FraudDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routing import api_router
from api.schemas.ids import ReviewPath
from api.schemas.staff import FraudDecision, FraudReviewOut
from commerce.fraud.models import Review

router = api_router(
    prefix="/api/fraud",
    tag="fraud",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
ReviewPages = Annotated[PageRequest, Depends(PageOf("fraudReviews"))]


@router.get("/reviews")
def list_fraud_reviews(_: Compliance, fraud: FraudDep, page: ReviewPages) -> Page[FraudReviewOut]:
    """List the reviews that are not decided yet, the longest waiting first."""
    return page.cut(fraud.reviews(), FraudReviewOut.of, key=_review_key)


@router.post("/reviews/{review_id}/decision", responses=refusals("NOT_FOUND", "CONFLICT"))
def decide_fraud_review(
    review_id: ReviewPath, decision: FraudDecision, principal: Compliance, fraud: FraudDep
) -> Envelope[FraudReviewOut]:
    """Decide whether it is fraud.

    The purchase that waits for the decision goes through or is cancelled, and similar ones are judged by it.
    """
    decided = fraud.decide(review_id, by=principal.id, is_fraud=decision.is_fraud)
    return Envelope(data=FraudReviewOut.of(decided))


def _review_key(review: Review) -> Key:
    return time_key(review.created_at, review.id)
