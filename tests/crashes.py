"""Simulated crashes of the process and unanswered calls of the card gateway, at a chosen point."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from commerce.payments.ports import (
    CardGateway,
    CardVault,
    Charge,
    GatewayAnswer,
    Plan,
    PlanGateway,
    PlanState,
    Return,
    StoredCard,
    Transaction,
    TransactionGateway,
)
from foundation.money import Money
from foundation.sql import Ledger

Point = Literal["before", "after"]


class Killed(BaseException):
    """Simulates the end of the process: nothing catches it."""


class RelayedGateway:
    """A gateway in front of another, all its parts in one object: it passes on everything asked of it."""

    def __init__(self, inner: CardGateway) -> None:
        self._cards = inner.cards
        self._transactions = inner.transactions
        self._plans = inner.plans

    @property
    def cards(self) -> CardVault:
        return self

    @property
    def transactions(self) -> TransactionGateway:
        return self

    @property
    def plans(self) -> PlanGateway:
        return self

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        return self._cards.store_card(customer_id, nonce)

    def stored_cards(self, customer_id: str) -> list[StoredCard]:
        return self._cards.stored_cards(customer_id)

    def forget_card(self, token: str) -> None:
        self._cards.forget_card(token)

    def charge(self, charge: Charge) -> GatewayAnswer:
        return self._transactions.charge(charge)

    def find(self, invoice: str) -> Transaction | None:
        return self._transactions.find(invoice)

    def look_up(self, transaction_id: str) -> Transaction | None:
        return self._transactions.look_up(transaction_id)

    def void(self, transaction_id: str) -> GatewayAnswer:
        return self._transactions.void(transaction_id)

    def refund(self, refund: Return) -> GatewayAnswer:
        return self._transactions.refund(refund)

    def undone(self, *, since: datetime) -> list[str]:
        return self._transactions.undone(since=since)

    def decide_held(self, transaction_id: str, *, accept: bool) -> GatewayAnswer:
        return self._transactions.decide_held(transaction_id, accept=accept)

    def subscribe(self, plan: Plan) -> str:
        return self._plans.subscribe(plan)

    def find_plan(self, invoice: str) -> str | None:
        return self._plans.find_plan(invoice)

    def change_plan(
        self, subscription_id: str, *, amount: Money | None = None, token: str | None = None
    ) -> None:
        self._plans.change_plan(subscription_id, amount=amount, token=token)

    def stop_plan(self, subscription_id: str) -> None:
        self._plans.stop_plan(subscription_id)

    def plan(self, subscription_id: str) -> PlanState:
        return self._plans.plan(subscription_id)


class FailingGateway(RelayedGateway):
    """`before` and `after` are raised around the first charge, refund or plan, `silence` at others."""

    def __init__(
        self,
        inner: CardGateway,
        *,
        before: BaseException | None = None,
        after: BaseException | None = None,
        silence: BaseException | None = None,
        silent: int = 0,
    ) -> None:
        super().__init__(inner)
        self._before = before
        self._after = after
        self._silence = silence
        self._silent = silent

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        self._perhaps_silent()
        return super().store_card(customer_id, nonce)

    def charge(self, charge: Charge) -> GatewayAnswer:
        with self._failing():
            return super().charge(charge)

    def find(self, invoice: str) -> Transaction | None:
        self._perhaps_silent()
        return super().find(invoice)

    def look_up(self, transaction_id: str) -> Transaction | None:
        self._perhaps_silent()
        return super().look_up(transaction_id)

    def void(self, transaction_id: str) -> GatewayAnswer:
        self._perhaps_silent()
        return super().void(transaction_id)

    def refund(self, refund: Return) -> GatewayAnswer:
        with self._failing():
            return super().refund(refund)

    def subscribe(self, plan: Plan) -> str:
        with self._failing():
            return super().subscribe(plan)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        before, self._before = self._before, None
        if before is not None:
            raise before
        yield
        after, self._after = self._after, None
        if after is not None:
            raise after

    def _perhaps_silent(self) -> None:
        if self._silence is not None and self._silent > 0:
            self._silent -= 1
            raise self._silence


def killing(inner: CardGateway, point: Point) -> FailingGateway:
    """A gateway that ends the process before or after it has charged."""
    return FailingGateway(inner, **{point: Killed()})  # type: ignore[arg-type]


def then_killed(ledger: Ledger, work: Callable[[], object]) -> None:
    """Run the function, and end the process before its transaction commits."""
    with ledger.transaction():
        work()
        raise Killed
