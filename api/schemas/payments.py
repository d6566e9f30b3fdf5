"""Cards on file, payments and refunds."""

from typing import Annotated

from pydantic import Field

from api.schemas.base import PlainText, Schema, Timestamp, example
from api.schemas.ids import CardRef, CustomerRef, PaymentRef
from api.schemas.money import Amount, PayableAmount
from commerce.payments.models import Payment, PaymentStatus, Refund, RefundOrigin, RefundStatus


class CardIn(Schema):
    """A card that the gateway's card form has taken."""

    model_config = example(nonce="tok_approve")

    nonce: Annotated[PlainText, Field(min_length=1, max_length=500)]
    """Single-use token that the card form got from the gateway; never a card number."""


class CardOut(Schema):
    """A card on file."""

    model_config = example(id="crd_1m9q0z7x3c5v6b4n8f2k", brand="Visa", lastFour="1111")

    id: str
    """Id of the card."""
    brand: str
    """Brand of the card."""
    last_four: str
    """Last four digits of its number."""
    is_default: bool
    """Whether purchases are charged to it."""


class PaymentOut(Schema):
    """A payment."""

    model_config = example(
        id="pay_4h8s2k1m9q0z7x3c5v6b",
        description="Bronze membership",
        invoice="LH-2026-000017",
        refunded={"amount": "0.00", "currency": "USD"},
    )

    id: str
    """Id of the payment."""
    customer_id: CustomerRef
    card_id: CardRef
    amount: Amount
    """What was charged."""
    refunded: Amount
    """What has been refunded, or is being refunded."""
    description: str
    """What was paid for."""
    invoice: str
    """Number of the invoice."""
    status: PaymentStatus
    """State of the payment."""
    created_at: Timestamp
    """When it was made."""

    @classmethod
    def of(cls, payment: Payment) -> "PaymentOut":
        return cls.model_validate(payment)


class RefundOut(Schema):
    """A refund."""

    model_config = example(id="rfd_8s2k1m9q0z7x3c5v6b4n", reason="one jar arrived broken")

    id: str
    """Id of the refund."""
    payment_id: PaymentRef
    amount: Amount
    """What is refunded."""
    reason: str
    """Reason, for the records."""
    status: RefundStatus
    """`pending` until the gateway has carried it out."""
    origin: RefundOrigin
    """Who started it."""
    created_at: Timestamp
    """When it was requested."""

    @classmethod
    def of(cls, refund: Refund) -> "RefundOut":
        return cls.model_validate(refund)


class PaymentDetailOut(Schema):
    """A payment with its refunds."""

    payment: PaymentOut
    """The payment."""
    refunds: list[RefundOut]
    """Its refunds, the earliest first."""


class RefundIn(Schema):
    """What to refund."""

    model_config = example(amount={"amount": "12.50", "currency": "USD"}, reason="one jar arrived broken")

    amount: PayableAmount | None = None
    """Amount to refund. Left out, it is all that is left of the payment."""
    reason: Annotated[PlainText, Field(min_length=1, max_length=300)]
    """Reason, for the records."""


class PaymentDecision(Schema):
    """What a person decides about a payment that the gateway holds for review."""

    model_config = example(accept=True)

    accept: Annotated[bool, Field(strict=True)]
    """True lets the payment go through; false refuses it."""
