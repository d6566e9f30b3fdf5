"""Interactions and purchases that took place elsewhere: by telephone, by e-mail, at a point of sale."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from api.authorization import Recorder
from api.deps import RecordingDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.ids import CustomerPath, OrderPath
from api.schemas.recording import (
    InteractionIn,
    InteractionsRecorded,
    PurchaseIn,
    PurchaseRecorded,
    PurchaseReversed,
)

LARGEST_BATCH = 100

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "RATE_LIMITED"),
)


def _one_or_many(given: object) -> str | None:
    if isinstance(given, dict | InteractionIn):
        return "interaction"
    return "interactions" if isinstance(given, list) else None


OneOrMany = Annotated[
    Annotated[InteractionIn, Tag("interaction")]
    | Annotated[list[InteractionIn], Field(min_length=1, max_length=LARGEST_BATCH), Tag("interactions")],
    Discriminator(_one_or_many),
]


@router.post("/learn")
def record_interactions(
    given: OneOrMany, _: Recorder, recording: RecordingDep
) -> Envelope[InteractionsRecorded]:
    """Record one interaction, or up to a hundred: all of them or none.

    The customer's facts, profile and context follow. An interaction id that is known already is skipped;
    with other content it is refused with 409.
    """
    interactions: list[Any] = given if isinstance(given, list) else [given]
    recorded = recording.interactions([each.interaction() for each in interactions])
    return Envelope(data=InteractionsRecorded(received=len(interactions), recorded=recorded))


@router.post("/purchase/{customer_id}")
def record_purchase(
    customer_id: CustomerPath, made: PurchaseIn, _: Recorder, recording: RecordingDep
) -> Envelope[PurchaseRecorded]:
    """Record a purchase, once for each order id."""
    is_new = recording.purchase(
        customer_id,
        order_id=made.order_id,
        at=made.timestamp,
        amount_cents=made.amount.cents,
        products=made.products,
        payment_method=made.payment_method,
    )
    return Envelope(data=PurchaseRecorded(order_id=made.order_id, recorded=is_new))


@router.delete("/purchase/{customer_id}/{order_id}")
def reverse_purchase(
    customer_id: CustomerPath, order_id: OrderPath, _: Recorder, recording: RecordingDep
) -> Envelope[PurchaseReversed]:
    """Reverse a purchase that was refunded elsewhere: profile and predictions no longer count it."""
    recording.take_back(customer_id, order_id)
    return Envelope(data=PurchaseReversed(order_id=order_id))
