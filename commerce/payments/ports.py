"""The card gateway as the shop uses it, and the listener for charges that the gateway makes by itself.

A charge names its invoice. Within the duplicate window the gateway answers a second
charge of the same invoice, card and amount with the first one instead of charging again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol

from foundation.money import Money

DUPLICATE_WINDOW = timedelta(hours=8)


class Verdict(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    ERROR = "error"
    HELD = "held"


class Stage(StrEnum):
    """How far a transaction has come at the gateway."""

    UNSETTLED = "unsettled"
    SETTLED = "settled"
    HELD = "held"
    DECLINED = "declined"
    VOIDED = "voided"
    FAILED = "failed"


@dataclass(frozen=True)
class Charge:
    token: str
    amount: Money
    invoice: str
    description: str


@dataclass(frozen=True)
class Return:
    """Money of a settled charge on its way back, under an invoice of its own."""

    transaction_id: str
    amount: Money
    invoice: str
    last_four: str


@dataclass(frozen=True)
class GatewayAnswer:
    verdict: Verdict
    transaction_id: str | None = None
    response: Mapping[str, Any] = field(default_factory=dict)
    """All that the gateway said, kept sealed for disputes."""


@dataclass(frozen=True)
class Transaction:
    """A charge or a refund, as the gateway knows it now."""

    transaction_id: str
    stage: Stage
    amount: Money
    at: datetime
    subscription_id: str | None = None
    response: Mapping[str, Any] = field(default_factory=dict)
    invoice: str = ""
    refund_of: str | None = None
    """The charge whose money it returns; None when it is a charge."""

    @property
    def verdict(self) -> Verdict:
        """What was the answer to it, as far as money goes: a voided charge took none."""
        match self.stage:
            case Stage.UNSETTLED | Stage.SETTLED:
                return Verdict.APPROVED
            case Stage.HELD:
                return Verdict.HELD
            case Stage.DECLINED:
                return Verdict.DECLINED
            case Stage.VOIDED | Stage.FAILED:
                return Verdict.ERROR


@dataclass(frozen=True)
class StoredCard:
    token: str
    """The same when the same customer stores the same card again."""
    brand: str
    last_four: str
    marks: str
    """What distinguishes the card from others, whoever stores it."""
    is_unmistakable: bool
    """No other card has these marks; otherwise another one may have the same."""


@dataclass(frozen=True)
class Plan:
    """A charge that the gateway repeats every month, from its first day on."""

    token: str
    name: str
    amount: Money
    first_at: datetime
    invoice: str


class PlanStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """A charge has failed; nothing more is charged until the plan changes."""
    EXPIRED = "expired"
    CANCELED = "canceled"
    TERMINATED = "terminated"

    @property
    def is_over(self) -> bool:
        return self not in {PlanStatus.ACTIVE, PlanStatus.SUSPENDED}


@dataclass(frozen=True)
class PlanState:
    status: PlanStatus
    transaction_ids: tuple[str, ...]
    """Every charge it has made or tried, the oldest first."""


class GatewaySilent(Exception):
    """No usable answer came: what was asked may have happened or not."""


class GatewayAway(GatewaySilent):
    """The gateway was not reached, so what was asked has not happened."""


class CardVault(Protocol):
    """Cards kept at the gateway. Each call raises GatewaySilent when it gets no usable answer."""

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        """Turn a single-use nonce into a payment profile; None when the nonce is no good."""

    def stored_cards(self, customer_id: str) -> list[StoredCard]: ...

    def forget_card(self, token: str) -> None:
        """Twice is the same as once."""


class TransactionGateway(Protocol):
    """Charges and what goes back. Each call raises GatewaySilent when it gets no usable answer."""

    def charge(self, charge: Charge) -> GatewayAnswer: ...

    def find(self, invoice: str) -> Transaction | None:
        """The transaction with that invoice number; None when there never was one."""

    def look_up(self, transaction_id: str) -> Transaction | None: ...

    def void(self, transaction_id: str) -> GatewayAnswer:
        """Take back a charge that is not settled yet; ERROR when it is. Twice is the same as once."""

    def refund(self, refund: Return) -> GatewayAnswer:
        """Return money of a settled charge; ERROR when it is not settled, or has less left than that."""

    def undone(self, *, since: datetime) -> list[str]:
        """The refunds made and the charges voided since then, by whomever."""

    def decide_held(self, transaction_id: str, *, accept: bool) -> GatewayAnswer:
        """Let a held charge go through, or void it."""


class PlanGateway(Protocol):
    """Charges repeated every month. Each call raises GatewaySilent when it gets no usable answer."""

    def subscribe(self, plan: Plan) -> str:
        """Begin a plan; the gateway's id of it."""

    def find_plan(self, invoice: str) -> str | None:
        """The id of the plan with that invoice number; None when there never was one."""

    def change_plan(
        self, subscription_id: str, *, amount: Money | None = None, token: str | None = None
    ) -> None: ...

    def stop_plan(self, subscription_id: str) -> None:
        """Twice is the same as once."""

    def plan(self, subscription_id: str) -> PlanState: ...


class CardGateway(Protocol):
    @property
    def cards(self) -> CardVault: ...

    @property
    def transactions(self) -> TransactionGateway: ...

    @property
    def plans(self) -> PlanGateway: ...


@dataclass(frozen=True)
class Notification:
    """A hint that something has changed at the gateway; what it was is looked up there."""

    id: str
    kind: Literal["transaction", "subscription"]
    subject_id: str
    """A transaction's id, or a subscription's."""


class NotificationForged(Exception):
    """The signature is not the gateway's."""


class NotificationReader(Protocol):
    def read(self, body: bytes, *, signature: str) -> Notification | None:
        """The notification in a signed body; None when it is none of those the shop wants.

        Raises:
            NotificationForged: before anything of it is read.
        """


@dataclass(frozen=True)
class RecurringCharge:
    """What the gateway has charged, or failed to charge, by itself."""

    recurring_id: str
    transaction_id: str
    amount: Money
    at: datetime
    payment_id: str


class RecurringListener(Protocol):
    """Called at least once for each charge, in the transaction that records the call."""

    def charged(self, charge: RecurringCharge) -> None: ...

    def failed(self, charge: RecurringCharge) -> None: ...

    def ended(self, recurring_id: str, status: str) -> None: ...
