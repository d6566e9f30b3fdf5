"""Cards, payments, refunds and recurring charges, and the refusals of each."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from foundation.errors import Conflict, GatewayTimeout, Invalid, NotFound, PaymentDeclined
from foundation.ids import new_id
from foundation.money import Money

INVOICE_LENGTH = 20
"""The longest invoice number that Authorize.Net takes."""
CARD_NUMBER = re.compile(r"(?:\d[ -]?){12,19}")


class PaymentStatus(StrEnum):
    PENDING = "pending"
    """Intended and perhaps charged: only the gateway knows."""
    APPROVED = "approved"
    DECLINED = "declined"
    FAILED = "failed"
    HELD = "held"
    RETURNING = "returning"
    """All of it is on its way back; done as soon as the gateway answers."""
    VOIDED = "voided"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class Card:
    """A payment profile kept at the gateway; the shop holds its token, never its number."""

    id: str
    customer_id: str
    brand: str
    last_four: str
    is_default: bool
    marks: str
    """A keyed digest of what distinguishes it from other cards, whoever has it on file."""
    is_unmistakable: bool
    """No other card has these marks; otherwise another one may have the same."""

    def __str__(self) -> str:
        return f"card ending {self.last_four}"


@dataclass(frozen=True)
class Payment:
    id: str
    key: str
    customer_id: str
    card_id: str
    amount: Money
    description: str
    invoice: str
    status: PaymentStatus
    transaction_id: str | None
    created_at: datetime
    is_delivered: bool = False
    """What it paid for is booked."""
    refunded: Money = field(default_factory=lambda: Money(0))
    """Given back or on its way back."""
    recurring_id: str | None = None
    """Charged by the gateway itself, month by month."""
    purpose: str = ""
    """What to book once a held payment is accepted, in the words of the service that charged it."""

    @property
    def is_taken(self) -> bool:
        """The card was charged, whatever was given back since."""
        return self.status in TAKEN


TAKEN = frozenset(
    {PaymentStatus.APPROVED, PaymentStatus.RETURNING, PaymentStatus.VOIDED, PaymentStatus.REFUNDED}
)


class RefundStatus(StrEnum):
    PENDING = "pending"
    """Not answered yet, or a part of a charge that is not settled yet."""
    VOIDED = "voided"
    """The charge never reached the card's statement."""
    REFUNDED = "refunded"
    REFUSED = "refused"
    """The gateway does not do it; the money is still with the shop."""


class RefundOrigin(StrEnum):
    SHOP = "shop"
    GATEWAY = "gateway"
    """Made by hand in the gateway's own interface."""


@dataclass(frozen=True)
class Refund:
    id: str
    key: str
    payment_id: str
    customer_id: str
    amount: Money
    reason: str
    invoice: str
    status: RefundStatus
    created_at: datetime
    origin: RefundOrigin = RefundOrigin.SHOP


def intended_refund(payment: Payment, amount: Money | None, *, reason: str, key: str, at: datetime) -> Refund:
    """Of the amount, or of all that is left of the payment."""
    left = payment.amount - payment.refunded if payment.status is PaymentStatus.APPROVED else Money(0)
    wanted = left if amount is None else amount
    if amount is not None and amount.cents <= 0:
        raise NothingToPay
    if wanted > left or left.cents == 0:
        raise NothingToRefund(left)
    return Refund(
        id=new_id("rfd"),
        key=key,
        payment_id=payment.id,
        customer_id=payment.customer_id,
        amount=wanted,
        reason=reason,
        invoice=new_id("r")[:INVOICE_LENGTH],
        status=RefundStatus.PENDING,
        created_at=at,
    )


class RecurringStatus(StrEnum):
    PENDING = "pending"
    """Intended and perhaps begun: only the gateway knows."""
    ACTIVE = "active"
    STOPPED = "stopped"
    """By the shop."""
    ENDED = "ended"
    """By the gateway."""


@dataclass(frozen=True)
class Recurring:
    """A charge on a card that the gateway makes every month by itself."""

    id: str
    key: str
    customer_id: str
    card_id: str
    name: str
    amount: Money
    first_at: datetime
    invoice: str
    status: RecurringStatus
    subscription_id: str | None
    change_key: str | None = None
    """Of the latest change, so that it is made once."""

    @property
    def is_over(self) -> bool:
        return self.status in {RecurringStatus.STOPPED, RecurringStatus.ENDED}


class CardNumberRefused(Invalid):
    form = "card"

    def __init__(self) -> None:
        super().__init__(
            "Please never send a card number here. Enter the card in the secure form instead.",
            {"field": "nonce", "expected": "the single-use token that the card form gives"},
        )


class CardNotAccepted(Invalid):
    form = "card"

    def __init__(self) -> None:
        super().__init__("That card could not be stored. Please enter it in the secure form again.")


class NoCardOnFile(Conflict):
    form = "card"

    def __init__(self) -> None:
        super().__init__("There is no card on file yet. Please add one in the secure card form first.")


class CardDeclined(PaymentDeclined):
    form = "card"

    def __init__(self, card: Card) -> None:
        super().__init__(
            f"The payment with the {card} was declined and nothing was charged. Please use a different card."
        )


class PaymentHeld(PaymentDeclined):
    def __init__(self) -> None:
        super().__init__(
            "The payment is being reviewed, so nothing is booked yet. A member of our team will contact you."
        )


class PaymentFailed(PaymentDeclined):
    """Final for its key: the same key is answered with this again."""

    def __init__(self) -> None:
        super().__init__(
            "The payment did not go through and nothing was charged. Please start again.",
            {"field": "Idempotency-Key", "expected": "a new key for a new try"},
        )


class PaymentUnsettled(GatewayTimeout):
    def __init__(self) -> None:
        super().__init__(
            "The bank has not confirmed the payment yet. You will not be charged twice: "
            "we are checking, and if the purchase cannot be completed, any charge is returned."
        )


class PaymentReturned(Conflict):
    def __init__(self) -> None:
        super().__init__("This payment has been returned to your card, so nothing was bought with it.")


class PaymentNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such payment.")


class CardNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such card on file.")


class CardInUse(Conflict):
    form = "card"

    def __init__(self, card: Card) -> None:
        super().__init__(
            f"The {card} pays for your membership every month. Please add another card before you remove it."
        )


class MoneyUnderWay(Conflict):
    def __init__(self) -> None:
        super().__init__("A payment or refund is still being processed. Please try again once it is settled.")


class CardUnconfirmed(GatewayTimeout):
    def __init__(self) -> None:
        super().__init__("The card processor is not responding. Please try again in a minute.")


class NothingToRefund(Conflict):
    def __init__(self, left: Money) -> None:
        super().__init__(
            f"Only {left} of this payment can still be refunded.",
            {"field": "amount", "expected": f"at most {left.dollars}"},
        )


class RefundRefused(Conflict):
    def __init__(self) -> None:
        super().__init__("The card processor declined to refund this payment. Please refund it another way.")


class NotHeld(Conflict):
    def __init__(self) -> None:
        super().__init__("This payment is not waiting for a decision.")


class RecurringUnsettled(GatewayTimeout):
    def __init__(self) -> None:
        super().__init__("The card processor is not responding. The monthly payment will be set up later.")


class KeyReused(Conflict):
    def __init__(self) -> None:
        super().__init__("This idempotency key already belongs to a different payment.", {"field": "key"})


class NothingToPay(Invalid):
    def __init__(self) -> None:
        super().__init__("A payment must be more than $0.00.", {"field": "amount"})


def refuse_card_number(nonce: str) -> None:
    """A nonce is opaque; digits that could be a card number must not come near the shop."""
    if CARD_NUMBER.search(nonce):
        raise CardNumberRefused
