"""Where others tell what happened with them: a telephone line, a mailbox, a till."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    model_validator,
)

from api.authorization import Recorder
from api.deps import PathId, RecordingDep
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Id, Matching, PlainText, Schema
from foundation.money import Money
from memory.conversations.models import Interaction

MOST = 100
LONGEST = 20_000
DEAREST = 9_999_999
EXAMPLE: dict[str, JsonValue] = {
    "interactionId": "int_7f3a",
    "customerId": "cus_demo",
    "sessionId": "call_112",
    "channel": "voice",
    "timestamp": "2026-03-01T11:58:00Z",
    "message": "Do you have something for sleep?",
    "response": "Night Owl Gummies are made for the evening.",
}

router = api_router(
    prefix="/api/memory",
    tag="memory",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "RATE_LIMITED"),
)


def _with_newlines(given: object) -> object:
    """Letters end their lines in two characters."""
    return given.replace("\r\n", "\n") if isinstance(given, str) else given


def _one_or_many(given: object) -> str | None:
    if isinstance(given, dict | Told):
        return "interaction"
    return "interactions" if isinstance(given, list) else None


Said = Annotated[PlainText, BeforeValidator(_with_newlines), Field(max_length=LONGEST)]
Channel = Annotated[str, Matching(r"^[a-z_]{1,20}$", "a channel such as voice, email or chat")]


class Told(Schema):
    """What one side said and what the other, at one time."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    interaction_id: Id
    """Told again under it, it is learned once."""
    customer_id: Id
    session_id: Id
    channel: Channel
    timestamp: AwareDatetime
    message: Said
    """The customer's words."""
    response: Said = ""
    """Ours."""

    @model_validator(mode="after")
    def _says_something(self) -> "Told":
        if not self.message.strip() and not self.response.strip():
            raise ValueError("expected a message or a response")
        return self

    def interaction(self) -> Interaction:
        return Interaction(
            id=self.interaction_id,
            customer_id=self.customer_id,
            thread_id=self.session_id,
            channel=self.channel,
            at=self.timestamp,
            message=self.message,
            response=self.response,
        )


OneOrMany = Annotated[
    Annotated[Told, Tag("interaction")]
    | Annotated[list[Told], Field(min_length=1, max_length=MOST), Tag("interactions")],
    Discriminator(_one_or_many),
]


class Learned(Schema):
    told: int
    learned: int
    """How many were new."""


class TillPurchase(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "orderId": "till_20260301_17",
                "timestamp": "2026-03-01T11:58:00Z",
                "amount": 47.50,
                "products": ["prd_owl", "prd_owl", "prd_day"],
                "paymentMethod": "cash",
            }
        }
    )

    order_id: Id
    timestamp: AwareDatetime
    amount: Annotated[Decimal, Field(ge=0, le=DEAREST, decimal_places=2)]
    """Paid in all, in dollars."""
    products: Annotated[list[Id], Field(min_length=1, max_length=200)]
    """One for each piece."""
    payment_method: Annotated[str, Matching(r"^[a-z_]{1,30}$", "a way to pay such as cash or debit_card")]


class TakenBack(Schema):
    order_id: str
    taken_back: bool = True


class Recorded(Schema):
    order_id: str
    recorded: bool
    """False when it was known."""


@router.post("/learn", openapi_extra={"requestBody": {"content": {"application/json": {"example": EXAMPLE}}}})
def record_interactions(told: OneOrMany, _: Recorder, recording: RecordingDep) -> Envelope[Learned]:
    """Record one interaction that happened elsewhere, or up to a hundred: all of them or none.

    The customer's facts, profile and recall follow. Sent again, nothing is learned twice; sent with other
    words under a known id, it is refused.
    """
    given: list[Any] = told if isinstance(told, list) else [told]
    learned = recording.interactions([each.interaction() for each in given])
    return Envelope(data=Learned(told=len(given), learned=learned))


@router.post("/purchase/{customer_id}")
def record_purchase(
    customer_id: PathId, made: TillPurchase, _: Recorder, recording: RecordingDep
) -> Envelope[Recorded]:
    """Record a purchase that was made elsewhere, such as at a till; once for each order id."""
    is_new = recording.purchase(
        customer_id,
        order_id=made.order_id,
        at=made.timestamp,
        amount_cents=Money.from_dollars(made.amount).cents,
        products=made.products,
        payment_method=made.payment_method,
    )
    return Envelope(data=Recorded(order_id=made.order_id, recorded=is_new))


@router.delete("/purchase/{customer_id}/{order_id}")
def reverse_purchase(
    customer_id: PathId, order_id: PathId, _: Recorder, recording: RecordingDep
) -> Envelope[TakenBack]:
    """Take back a purchase that was refunded where it was made: profile and predictions count it no more."""
    recording.take_back(customer_id, order_id)
    return Envelope(data=TakenBack(order_id=order_id))
