"""Cards on file, entered through the card form alone; and payments, as customers and staff see them."""

from typing import Annotated

from fastapi import Depends, Header, Query
from pydantic import ConfigDict, Field

from api.authorization import Caller, Customer, NotAllowed, Owner, Refunder, SomeoneElses
from api.deps import IdempotencyKey, PathId, PaymentsDep
from api.envelope import Envelope
from api.errors import refusals
from api.middleware.idempotency import KEY_HEADER
from api.routing import api_router
from api.schemas.base import Amount, Dollars, PlainText, Schema, Timestamp
from commerce.payments.models import Payment, PaymentStatus, Refund, RefundOrigin, RefundStatus
from foundation.auth import Principal
from foundation.money import Money

router = api_router(
    prefix="/api/payments",
    tag="payments",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)
DECIDING = frozenset({"compliance", "money:refund"})


class NewCard(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"nonce": "tok_approve"}})

    nonce: Annotated[PlainText, Field(min_length=1, max_length=500)]
    """The single-use token that the card form got from the gateway; never a card number."""


class CardOnFile(Schema):
    id: str
    brand: str
    last_four: str
    is_default: bool


class PaymentShown(Schema):
    id: str
    customer_id: str
    card_id: str
    amount: Dollars
    refunded: Dollars
    """Given back or on its way back."""
    description: str
    invoice: str
    status: PaymentStatus
    created_at: Timestamp

    @classmethod
    def of(cls, payment: Payment) -> "PaymentShown":
        return cls.model_validate(payment)


class RefundShown(Schema):
    id: str
    payment_id: str
    amount: Dollars
    reason: str
    status: RefundStatus
    origin: RefundOrigin
    created_at: Timestamp

    @classmethod
    def of(cls, refund: Refund) -> "RefundShown":
        return cls.model_validate(refund)


class PaymentWithRefunds(Schema):
    payment: PaymentShown
    refunds: list[RefundShown]


class RefundWanted(Schema):
    model_config = ConfigDict(
        json_schema_extra={"example": {"amount": "12.50", "reason": "one jar arrived broken"}}
    )

    amount: Amount | None = None
    """Left out: all that is left of the payment."""
    reason: Annotated[PlainText, Field(min_length=1, max_length=300)]


class Decision(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"accept": True}})

    accept: Annotated[bool, Field(strict=True)]


async def refund_key(
    principal: Refunder,
    key: Annotated[
        IdempotencyKey,
        Header(alias=KEY_HEADER, description="Names this refund: sent again, nothing is given back twice."),
    ],
) -> str:
    return f"{principal.id}:{key}"


async def decider(principal: Caller) -> Principal:
    if not principal.scopes & DECIDING:
        raise NotAllowed("compliance")
    return principal


RefundKey = Annotated[str, Depends(refund_key)]
Decider = Annotated[Principal, Depends(decider)]


@router.post("/profiles", status_code=201, responses=refusals("GATEWAY_TIMEOUT"))
def add_card(card: NewCard, principal: Owner, payments: PaymentsDep) -> Envelope[CardOnFile]:
    """Keep the card behind this token at the gateway, as the one to charge from now on."""
    stored = payments.cards.add(principal.id, nonce=card.nonce)
    return Envelope(data=CardOnFile.model_validate(stored))


@router.get("/profiles")
def list_cards(principal: Customer, payments: PaymentsDep) -> Envelope[list[CardOnFile]]:
    """The caller's cards on file, the oldest first."""
    return Envelope(
        data=[CardOnFile.model_validate(card) for card in payments.cards.of_customer(principal.id)]
    )


@router.delete("/profiles/{card_id}", responses=refusals("CONFLICT", "GATEWAY_TIMEOUT"))
def delete_card(card_id: PathId, principal: Owner, payments: PaymentsDep) -> Envelope[list[CardOnFile]]:
    """Forget a card, here and at the gateway; the cards that are left."""
    payments.cards.remove(principal.id, card_id)
    return list_cards(principal, payments)


@router.get("")
def list_payments(
    principal: Customer, payments: PaymentsDep, limit: Annotated[int, Query(ge=1, le=100)] = 50
) -> Envelope[list[PaymentShown]]:
    """The caller's own payments, the latest first."""
    found = payments.charges.of_customer(principal.id, limit=limit)
    return Envelope(data=[PaymentShown.of(payment) for payment in found])


@router.get("/held")
def list_held_payments(_: Decider, payments: PaymentsDep) -> Envelope[list[PaymentShown]]:
    """For staff: what the gateway holds back until a person has looked at it, the oldest first."""
    return Envelope(data=[PaymentShown.of(payment) for payment in payments.held.waiting()])


@router.get("/{payment_id}")
def get_payment(payment_id: PathId, principal: Caller, payments: PaymentsDep) -> Envelope[PaymentWithRefunds]:
    """A payment of the caller's own, or anybody's for staff, and what was given back of it."""
    if not principal.scopes & {"own:read", "staff:read"}:
        raise NotAllowed("own:read")
    found = payments.charges.find(payment_id)
    if "staff:read" not in principal.scopes and found.customer_id != principal.id:
        raise SomeoneElses
    refunds = [RefundShown.of(each) for each in payments.refunds.of_payment(payment_id)]
    return Envelope(data=PaymentWithRefunds(payment=PaymentShown.of(found), refunds=refunds))


@router.post("/{payment_id}/refund", responses=refusals("CONFLICT"))
def refund_payment(
    payment_id: PathId, wanted: RefundWanted, key: RefundKey, payments: PaymentsDep
) -> Envelope[RefundShown]:
    """Give back all of a payment or a part, once for this key; pending until the gateway has done it.

    The customer is told.
    """
    amount = Money.from_dollars(wanted.amount) if wanted.amount is not None else None
    made = payments.refunds.refund_and_notify(payment_id, amount=amount, reason=wanted.reason, key=key)
    return Envelope(data=RefundShown.of(made))


@router.post("/{payment_id}/decision", responses=refusals("CONFLICT", "GATEWAY_TIMEOUT"))
def decide_held_payment(
    payment_id: PathId, decision: Decision, principal: Decider, payments: PaymentsDep
) -> Envelope[PaymentShown]:
    """Let a held payment go through, or refuse it; twice is the same as once."""
    decided = payments.held.decide(payment_id, accept=decision.accept, by=principal.id)
    return Envelope(data=PaymentShown.of(decided))
