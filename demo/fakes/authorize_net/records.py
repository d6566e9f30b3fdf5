"""State of the fake Authorize.Net: cards, transactions, batches and plans."""

import calendar
import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from foundation.clock import Clock

APPROVED, DECLINED, ERROR, HELD = "1", "2", "3", "4"
CARDS = {
    "approve": (APPROVED, "Visa", "XXXX1111"),
    "decline": (DECLINED, "Visa", "XXXX0002"),
    "error": (ERROR, "MasterCard", "XXXX0119"),
    "hold": (HELD, "AmericanExpress", "XXXX0005"),
}
"""By the first part of a nonce: `approve.1`, `decline.anything`. The second part says which card of these
it is, and a third one makes another nonce for the same card: `approve.1.again`."""
ISSUERS = {"Visa": "411111", "MasterCard": "542418", "AmericanExpress": "370000"}
STATUSES = {
    APPROVED: "capturedPendingSettlement",
    DECLINED: "declined",
    ERROR: "generalError",
    HELD: "FDSPendingReview",
}
SENT_BY_DEFAULT = timedelta(seconds=120)


@dataclass
class Card:
    id: str
    code: str
    kind: str
    number: str
    expires: str


@dataclass
class Profile:
    id: str
    merchant_customer_id: str
    cards: dict[str, Card] = field(default_factory=dict)


@dataclass
class Transaction:
    id: str
    kind: str
    amount: Decimal
    invoice: str
    token: str
    number: str
    code: str
    status: str
    at: datetime
    batch_id: str | None = None
    subscription_id: str | None = None
    original_id: str | None = None
    refunded: Decimal = Decimal(0)


@dataclass
class Subscription:
    id: str
    name: str
    amount: Decimal
    invoice: str
    token: str
    first: date
    status: str = "active"
    billed: int = 0
    charges: list[str] = field(default_factory=list)

    @property
    def next_on(self) -> date:
        years, month = divmod(self.first.month - 1 + self.billed, 12)
        last = calendar.monthrange(self.first.year + years, month + 1)[1]
        return date(self.first.year + years, month + 1, min(self.first.day, last))


class Records:
    def __init__(self, now: Clock) -> None:
        self.now = now
        self.profiles: dict[str, Profile] = {}
        self.transactions: dict[str, Transaction] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.batches: dict[str, datetime] = {}
        self.used_nonces: set[str] = set()
        self._numbers = itertools.count(60_000_000_001)

    def number(self) -> str:
        return str(next(self._numbers))

    def taken(self) -> Decimal:
        """What the cards were charged and did not get back."""
        charged = (each for each in self.transactions.values() if each.kind == "authCaptureTransaction")
        kept = (each for each in charged if each.code == APPROVED and each.status != "voided")
        return sum((each.amount - each.refunded for each in kept), Decimal(0))

    def card(self, token: str) -> Card | None:
        profile_id, _, card_id = token.partition("/")
        profile = self.profiles.get(profile_id)
        return profile.cards.get(card_id) if profile else None

    def duplicate(self, token: str, amount: Decimal, invoice: str, window: timedelta) -> Transaction | None:
        """The same card, amount and invoice within the window."""
        since = self.now() - window
        same = (
            each
            for each in self.transactions.values()
            if (each.token, each.amount, each.invoice) == (token, amount, invoice) and each.at > since
        )
        return next(same, None)

    def charge(
        self,
        card: Card,
        token: str,
        *,
        amount: Decimal,
        invoice: str,
        subscription: Subscription | None = None,
    ) -> Transaction:
        made = Transaction(
            id=self.number(),
            kind="authCaptureTransaction",
            amount=amount,
            invoice=invoice,
            token=token,
            number=card.number,
            code=card.code,
            status=STATUSES[card.code],
            at=self.now(),
            subscription_id=subscription.id if subscription else None,
        )
        self.transactions[made.id] = made
        return made

    def refund(self, original: Transaction, *, amount: Decimal, invoice: str) -> Transaction:
        original.refunded += amount
        made = Transaction(
            id=self.number(),
            kind="refundTransaction",
            amount=amount,
            invoice=invoice,
            token=original.token,
            number=original.number,
            code=APPROVED,
            status="refundPendingSettlement",
            at=self.now(),
            original_id=original.id,
        )
        self.transactions[made.id] = made
        return made

    def stored(self, profile: Profile, nonce: str) -> tuple[Card, bool]:
        """The card behind a nonce in a profile, and whether it was there before."""
        kind, _, which = nonce.partition(".")
        expires = _expiry(which.partition(".")[0])
        for known in profile.cards.values():
            if (known.number, known.expires) == (CARDS[kind][2], expires):
                return known, True
        made = Card(self.number(), *CARDS[kind], expires)
        profile.cards[made.id] = made
        return made, False

    def settle(self) -> None:
        """Close the day: what was captured goes into a batch."""
        batch_id = self.number()
        self.batches[batch_id] = self.now()
        ending = {
            "capturedPendingSettlement": "settledSuccessfully",
            "refundPendingSettlement": "refundSettledSuccessfully",
        }
        for each in self.transactions.values():
            if each.batch_id is None and each.status != "FDSPendingReview":
                each.batch_id = batch_id
                each.status = ending.get(each.status, each.status)

    def bill(self) -> Iterator[tuple[Subscription, Transaction]]:
        """Charge what is due by today."""
        today = self.now().date()
        for plan in self.subscriptions.values():
            while plan.status == "active" and plan.next_on <= today:
                card = self.card(plan.token)
                if card is None:
                    plan.status = "suspended"
                    break
                made = self.charge(
                    card, plan.token, amount=plan.amount, invoice=plan.invoice, subscription=plan
                )
                plan.billed += 1
                plan.charges.append(made.id)
                if made.code in {DECLINED, ERROR}:
                    plan.status = "suspended"
                yield plan, made


def _expiry(which: str) -> str:
    """Cards differ by it, since their last four digits are the same."""
    months = zlib.crc32(which.encode()) % 60
    return f"{2030 + months // 12}-{months % 12 + 1:02}"
