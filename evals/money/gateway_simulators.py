"""The two simulated gateways: each charges plans, sends notifications and keeps its own records."""

from typing import Protocol

from sqlalchemy import func, select

from api.containers.container import Container
from commerce.payments.models import INVOICE_LENGTH
from commerce.payments.ports import Notification, PlanStatus, Return, Verdict
from commerce.payments.sandbox import SandboxGateway, sandbox_charges, sandbox_plans, sandbox_refunds
from demo.fakes.authorize_net import FakeAuthorizeNet
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.money import Money


class GatewaySimulator(Protocol):
    def begin(self) -> None:
        """Start over for a new member."""

    def nonce(self, kind: str, unique: str) -> str:
        """Of a card whose charges `approve`, `decline`, `error` or `hold`."""

    def bill(self, shop: Container) -> None:
        """Charge the plans that are due; notifications go to the shop's inbox."""

    def settle_day(self) -> None: ...

    def reverse(self, transaction_id: str, amount: Money, *, notified: Container | None) -> None:
        """Void a charge, or refund the amount once it is settled, in the gateway's own interface."""

    def kept_cents(self) -> int:
        """Charged since `begin` and not refunded."""

    def has_active_plan(self) -> bool:
        """Whether a plan would still charge."""


class SandboxSimulator:
    """The embedded sandbox; it keeps its own tables in the same database."""

    def __init__(self, shop: Container, now: Clock) -> None:
        self._ledger = shop.infrastructure.ledger
        self._gateway = SandboxGateway(shop.infrastructure.ledger, now=now)
        self._now = now
        self._before = 0

    def begin(self) -> None:
        self._before = self._kept()

    def nonce(self, kind: str, unique: str) -> str:
        return f"tok_{kind}.{unique}"

    def bill(self, shop: Container) -> None:  # noqa: ARG002 - it writes to the inbox by itself
        self._gateway.plans.bill_due(self._now())

    def settle_day(self) -> None:
        """The sandbox settles by the clock."""

    def reverse(self, transaction_id: str, amount: Money, *, notified: Container | None) -> None:
        notification = transaction_id
        if self._gateway.transactions.void(transaction_id).verdict is not Verdict.APPROVED:
            refund = Return(transaction_id, amount, new_id("h")[:INVOICE_LENGTH], "1111")
            notification = str(self._gateway.transactions.refund(refund).transaction_id)
        if notified is not None:
            notified.commerce.payments.inbox.receive(Notification(new_id("ntf"), "transaction", notification))

    def kept_cents(self) -> int:
        return self._kept() - self._before

    def has_active_plan(self) -> bool:
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


class AuthorizeNetSimulator:
    """The fake Authorize.Net server behind the real connector; emptied for each member."""

    def __init__(self, fake: FakeAuthorizeNet) -> None:
        self._fake = fake

    def begin(self) -> None:
        records = self._fake.records
        for forgotten in (records.profiles, records.transactions, records.subscriptions, records.batches):
            forgotten.clear()
        self._fake.sent.clear()
        self._fake.requests.clear()

    def nonce(self, kind: str, unique: str) -> str:
        return f"{kind}.{unique}"

    def bill(self, shop: Container) -> None:
        self._fake.bill()
        self._deliver(shop)

    def reverse(self, transaction_id: str, amount: Money, *, notified: Container | None) -> None:
        before = len(self._fake.sent)
        self._fake.undo_by_hand(transaction_id, amount=amount.dollars)
        if notified is None:
            del self._fake.sent[before:]
        else:
            self._deliver(notified)

    def _deliver(self, shop: Container) -> None:
        """Deliver notifications in reverse order, and the last one twice."""
        sent = list(reversed(self._fake.sent))
        self._fake.sent.clear()
        reader = shop.commerce.payments.gateway.webhooks
        for each in (*sent, *sent[-1:]):
            notification = reader.read(each.body, signature=each.signature) if reader else None
            if notification is not None:
                shop.commerce.payments.inbox.receive(notification)

    def settle_day(self) -> None:
        self._fake.records.settle()

    def kept_cents(self) -> int:
        return int(self._fake.records.taken() * 100)

    def has_active_plan(self) -> bool:
        return any(plan.status == "active" for plan in self._fake.records.subscriptions.values())
