"""The two gateways to play against: each charges plans, tells of it, and has a book of its own."""

from typing import Protocol

from sqlalchemy import func, select

from api.containers.shop import Shop
from commerce.payments.models import INVOICE_LENGTH
from commerce.payments.ports import Notification, PlanStatus, Return, Verdict
from commerce.payments.sandbox import SandboxGateway, sandbox_charges, sandbox_plans, sandbox_refunds
from demo.fakes.authorize_net import AuthorizeNetStand
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.money import Money


class Gateway(Protocol):
    def begin(self) -> None:
        """For a new member."""

    def nonce(self, kind: str, unique: str) -> str:
        """Of a card that will `approve`, `decline`, `error` or `hold`."""

    def bill(self, shop: Shop) -> None:
        """Charge the plans that are due; its notifications go to the shop's inbox."""

    def close_the_day(self) -> None: ...

    def undo_by_hand(self, transaction_id: str, amount: Money, *, hears: Shop | None) -> None:
        """Void a charge, or return so much of it where that is late: in the gateway's own interface."""

    def kept_cents(self) -> int:
        """What the cards were charged since `begin` and did not get back."""

    def charges_on(self) -> bool:
        """Whether a plan is left that would charge."""


class Sandbox:
    """The embedded gateway; its book is its own, though it lies in the same database."""

    def __init__(self, shop: Shop, now: Clock) -> None:
        self._ledger = shop.ledger
        self._gateway = SandboxGateway(shop.ledger, now=now)
        self._now = now
        self._before = 0

    def begin(self) -> None:
        self._before = self._kept()

    def nonce(self, kind: str, unique: str) -> str:
        return f"tok_{kind}.{unique}"

    def bill(self, shop: Shop) -> None:  # noqa: ARG002 - it writes to the inbox by itself
        self._gateway.bill_due(self._now())

    def close_the_day(self) -> None:
        """It settles by the clock."""

    def undo_by_hand(self, transaction_id: str, amount: Money, *, hears: Shop | None) -> None:
        told = transaction_id
        if self._gateway.void(transaction_id).verdict is not Verdict.APPROVED:
            by_hand = Return(transaction_id, amount, new_id("h")[:INVOICE_LENGTH], "1111")
            told = str(self._gateway.refund(by_hand).transaction_id)
        if hears is not None:
            hears.gateway_inbox.receive(Notification(new_id("ntf"), "transaction", told))

    def kept_cents(self) -> int:
        return self._kept() - self._before

    def charges_on(self) -> bool:
        live = select(func.count()).where(sandbox_plans.c.status == PlanStatus.ACTIVE)
        with self._ledger.transaction() as connection:
            return bool(connection.execute(live).scalar_one())

    def _kept(self) -> int:
        is_kept = (sandbox_charges.c.verdict == "approved") & sandbox_charges.c.returned.is_distinct_from(
            "void"
        )
        taken = select(func.coalesce(func.sum(sandbox_charges.c.amount_cents), 0)).where(is_kept)
        back = select(func.coalesce(func.sum(sandbox_refunds.c.amount_cents), 0))
        with self._ledger.transaction() as connection:
            return int(connection.execute(taken).scalar_one()) - int(connection.execute(back).scalar_one())


class Stand:
    """Authorize.Net's stand, spoken to through the real connector; it forgets all for each member."""

    def __init__(self, stand: AuthorizeNetStand) -> None:
        self._stand = stand

    def begin(self) -> None:
        book = self._stand.book
        for forgotten in (book.profiles, book.transactions, book.subscriptions, book.batches):
            forgotten.clear()
        self._stand.sent.clear()
        self._stand.requests.clear()

    def nonce(self, kind: str, unique: str) -> str:
        return f"{kind}.{unique}"

    def bill(self, shop: Shop) -> None:
        self._stand.bill()
        self._deliver(shop)

    def undo_by_hand(self, transaction_id: str, amount: Money, *, hears: Shop | None) -> None:
        before = len(self._stand.sent)
        self._stand.undo_by_hand(transaction_id, amount=amount.dollars)
        if hears is None:
            del self._stand.sent[before:]
        else:
            self._deliver(hears)

    def _deliver(self, shop: Shop) -> None:
        """Notifications come in the wrong order, and the last one twice."""
        sent = list(reversed(self._stand.sent))
        self._stand.sent.clear()
        reader = shop.gateway_webhooks
        for each in (*sent, *sent[-1:]):
            told = reader.read(each.body, signature=each.signature) if reader else None
            if told is not None:
                shop.gateway_inbox.receive(told)

    def close_the_day(self) -> None:
        self._stand.book.settle()

    def kept_cents(self) -> int:
        return int(self._stand.book.taken() * 100)

    def charges_on(self) -> bool:
        return any(plan.status == "active" for plan in self._stand.book.subscriptions.values())
