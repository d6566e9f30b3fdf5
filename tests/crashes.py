"""Ends of processes and silences of a card gateway, at a chosen point."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from commerce.payments.ports import (
    CardGateway,
    Charge,
    GatewayAnswer,
    Plan,
    Return,
    StoredCard,
    Transaction,
)
from evals.faults.kill_points import RelayedGateway
from foundation.sql import Ledger

Point = Literal["before", "after"]


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


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
    """Ends the process before or after the gateway has charged."""
    return FailingGateway(inner, **{point: Killed()})  # type: ignore[arg-type]


def then_killed(ledger: Ledger, work: Callable[[], object]) -> None:
    """Do the work, and end before its transaction commits."""
    with ledger.transaction():
        work()
        raise Killed
