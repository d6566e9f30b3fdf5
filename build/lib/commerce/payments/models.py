"""What a card on file and a payment are, and what a payment that did not succeed says to the customer."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.errors import Conflict, GatewayTimeout, Invalid, PaymentDeclined, Unavailable
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
    """To be voided or refunded; done as soon as the gateway answers."""
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


class PaymentFailed(Unavailable):
    def __init__(self) -> None:
        super().__init__("The payment did not go through and nothing was charged. Please try again later.")


class PaymentUnsettled(GatewayTimeout):
    def __init__(self) -> None:
        super().__init__(
            "The bank has not confirmed the payment yet. You will not be charged twice: "
            "we are checking, and if the purchase cannot be completed, any charge is returned."
        )


class PaymentReturned(Conflict):
    def __init__(self) -> None:
        super().__init__("This payment has been returned to your card, so nothing was bought with it.")


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
