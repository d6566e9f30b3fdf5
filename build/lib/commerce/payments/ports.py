"""What the shop asks of a card gateway.

A charge names its invoice. Within the duplicate window the gateway answers a second
charge of the same invoice, card and amount with the first one instead of charging again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from foundation.money import Money

DUPLICATE_WINDOW = timedelta(hours=8)


class Verdict(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    ERROR = "error"
    HELD = "held"


@dataclass(frozen=True)
class Charge:
    token: str
    amount: Money
    invoice: str
    description: str


@dataclass(frozen=True)
class GatewayAnswer:
    verdict: Verdict
    transaction_id: str | None = None
    response: Mapping[str, Any] = field(default_factory=dict)
    """All that the gateway said, kept sealed for disputes."""


@dataclass(frozen=True)
class StoredCard:
    token: str
    brand: str
    last_four: str


class GatewaySilent(Exception):
    """No usable answer came: what was asked may have happened or not."""


class CardGateway(Protocol):
    """Each call raises GatewaySilent when it gets no usable answer."""

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        """Turn a single-use nonce into a payment profile; None when the nonce is no good."""

    def charge(self, charge: Charge) -> GatewayAnswer: ...

    def find(self, invoice: str) -> GatewayAnswer | None:
        """The transaction with that invoice number; None when there never was one."""

    def void(self, transaction_id: str) -> GatewayAnswer:
        """Take back a charge that is not settled yet; ERROR when it is. Twice is the same as once."""

    def refund(self, transaction_id: str, amount: Money) -> GatewayAnswer:
        """Return a settled charge. Twice is the same as once."""
