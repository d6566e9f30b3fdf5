"""Interactions and purchases that took place elsewhere."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from api.schemas.base import Id, Matching, Moment, PlainText, Schema, example
from api.schemas.money import PayableAmount
from memory.conversations.models import Interaction

LONGEST_TEXT = 20_000


def _with_newlines(given: object) -> object:
    """E-mails end their lines in two characters."""
    return given.replace("\r\n", "\n") if isinstance(given, str) else given


Said = Annotated[PlainText, BeforeValidator(_with_newlines), Field(max_length=LONGEST_TEXT)]
Channel = Annotated[str, Matching(r"^[a-z_]{1,20}$", "a channel such as voice, email or chat")]


class InteractionIn(Schema):
    """One message of a customer and its answer, at one time."""

    model_config = example(
        interactionId="int_7f3a",
        customerId="cus_demo",
        sessionId="call_112",
        channel="voice",
        timestamp="2026-03-01T11:58:00Z",
        message="Do you have something for sleep?",
        response="Night Owl Gummies are made for the evening.",
    )

    interaction_id: Id
    """Id of the interaction, chosen by the sender: it is recorded once for each id."""
    customer_id: Id
    """Id of the customer."""
    session_id: Id
    """Id of the call, the mail thread or the conversation."""
    channel: Channel
    """Channel, such as `voice` or `email`."""
    timestamp: Moment
    """When it took place."""
    message: Said
    """Words of the customer."""
    response: Said = ""
    """The answer."""

    @model_validator(mode="after")
    def _says_something(self) -> "InteractionIn":
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


class InteractionsRecorded(Schema):
    """Interactions were recorded."""

    received: int
    """Number of interactions in the request."""
    recorded: int
    """Number of those that were new."""


class PurchaseIn(Schema):
    """A purchase that was made elsewhere, such as at a point of sale."""

    model_config = example(
        orderId="pos_20260301_17",
        timestamp="2026-03-01T11:58:00Z",
        amount={"amount": "47.50", "currency": "USD"},
        products=["prd_owl", "prd_owl", "prd_day"],
        paymentMethod="cash",
    )

    order_id: Id
    """Id of the purchase, chosen by the sender: it is recorded once for each id."""
    timestamp: Moment
    """When it was made."""
    amount: PayableAmount
    """What was paid in all."""
    products: Annotated[list[Id], Field(min_length=1, max_length=200)]
    """Ids of the products, one for each piece."""
    payment_method: Annotated[str, Matching(r"^[a-z_]{1,30}$", "a way to pay such as cash or debit_card")]
    """Way of payment, such as `cash`."""


class PurchaseRecorded(Schema):
    """A purchase was recorded."""

    model_config = example(orderId="pos_20260301_17", recorded=True)

    order_id: str
    """Id of the purchase."""
    recorded: bool
    """False when it was recorded before."""


class PurchaseReversed(Schema):
    """A purchase was reversed."""

    model_config = example(orderId="pos_20260301_17", reversed=True)

    order_id: str
    """Id of the purchase."""
    reversed: bool = True
    """Always true."""
