"""Cards on file, entered through the gateway's card form alone; payments, as customers and staff see them."""

from typing import Annotated

from fastapi import Depends, Header

from api.authorization import (
    ComplianceOrRefunder,
    Customer,
    CustomerOrStaff,
    Owner,
    Refunder,
    SomeoneElses,
)
from api.deps import IdempotencyKey, PaymentsDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.middleware.idempotency import KEY_HEADER
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routing import api_router
from api.schemas.ids import CardPath, PaymentPath
from api.schemas.payments import (
    CardIn,
    CardOut,
    PaymentDecision,
    PaymentDetailOut,
    PaymentOut,
    RefundIn,
    RefundOut,
)
from commerce.payments.models import Payment

router = api_router(
    prefix="/api/payments",
    tag="payments",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED"),
)


async def refund_key(
    principal: Refunder,
    key: Annotated[
        IdempotencyKey,
        Header(
            alias=KEY_HEADER,
            description="Names this refund: sent again with the same key, nothing is refunded twice.",
            examples=["refund-2026-03-01-17"],
        ),
    ],
) -> str:
    return f"{principal.id}:{key}"


RefundKey = Annotated[str, Depends(refund_key)]
PaymentPages = Annotated[PageRequest, Depends(PageOf("payments"))]
HeldPages = Annotated[PageRequest, Depends(PageOf("heldPayments"))]


@router.post("/profiles", status_code=201, responses=refusals("GATEWAY_TIMEOUT"))
def add_card(card: CardIn, principal: Owner, payments: PaymentsDep) -> Envelope[CardOut]:
    """Add a card; it becomes the default."""
    stored = payments.cards.add(principal.id, nonce=card.nonce)
    return Envelope(data=CardOut.model_validate(stored))


@router.get("/profiles")
def list_cards(principal: Customer, payments: PaymentsDep) -> Envelope[list[CardOut]]:
    """List the caller's cards on file, the oldest first. They are few and come in one page."""
    return Envelope(data=[CardOut.model_validate(card) for card in payments.cards.of_customer(principal.id)])


@router.delete("/profiles/{card_id}", responses=refusals("CONFLICT", "GATEWAY_TIMEOUT"))
def delete_card(card_id: CardPath, principal: Owner, payments: PaymentsDep) -> Envelope[list[CardOut]]:
    """Delete a card, here and at the gateway. The response lists the cards that are left."""
    payments.cards.remove(principal.id, card_id)
    return list_cards(principal, payments)


@router.get("")
def list_payments(principal: Customer, payments: PaymentsDep, page: PaymentPages) -> Page[PaymentOut]:
    """List the caller's payments, the latest first."""
    found = payments.charges.of_customer(principal.id, limit=page.fetched, after=page.after)
    return page.of(found, PaymentOut.of, key=_payment_key)


@router.get("/held")
def list_held_payments(_: ComplianceOrRefunder, payments: PaymentsDep, page: HeldPages) -> Page[PaymentOut]:
    """List the payments that the gateway holds for review, the oldest first."""
    found = payments.held.waiting(limit=page.fetched, after=page.after)
    return page.of(found, PaymentOut.of, key=_payment_key)


@router.get("/{payment_id}")
def get_payment(
    payment_id: PaymentPath, principal: CustomerOrStaff, payments: PaymentsDep
) -> Envelope[PaymentDetailOut]:
    """Get a payment of the caller's own, or anybody's for staff, with its refunds."""
    found = payments.charges.find(payment_id)
    if "staff:read" not in principal.scopes and found.customer_id != principal.id:
        raise SomeoneElses
    refunds = [RefundOut.of(each) for each in payments.refunds.of_payment(payment_id)]
    return Envelope(data=PaymentDetailOut(payment=PaymentOut.of(found), refunds=refunds))


@router.post("/{payment_id}/refund", responses=refusals("CONFLICT"))
def refund_payment(
    payment_id: PaymentPath, wanted: RefundIn, key: RefundKey, payments: PaymentsDep
) -> Envelope[RefundOut]:
    """Refund a payment or a part of it, once for each idempotency key. The customer is notified.

    The refund is pending until the gateway has carried it out.
    """
    made = payments.refunds.refund_and_notify(payment_id, amount=wanted.amount, reason=wanted.reason, key=key)
    return Envelope(data=RefundOut.of(made))


@router.post("/{payment_id}/decision", responses=refusals("CONFLICT", "GATEWAY_TIMEOUT"))
def decide_held_payment(
    payment_id: PaymentPath,
    decision: PaymentDecision,
    principal: ComplianceOrRefunder,
    payments: PaymentsDep,
) -> Envelope[PaymentOut]:
    """Accept or refuse a payment that is held for review. A second call changes nothing."""
    decided = payments.held.decide(payment_id, accept=decision.accept, by=principal.id)
    return Envelope(data=PaymentOut.of(decided))


def _payment_key(payment: Payment) -> Key:
    return time_key(payment.created_at, payment.id)
