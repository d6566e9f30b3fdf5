"""Ends of processes and silences of a card gateway, at a chosen point."""

from collections.abc import Callable
from typing import Literal

from commerce.payments.ports import CardGateway, Charge, GatewayAnswer, StoredCard
from foundation.money import Money
from foundation.sql import Ledger

Point = Literal["before", "after"]


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


class FailingGateway:
    """`before` and `after` are raised around the first charge; `silent` at that many other calls."""

    def __init__(
        self,
        inner: CardGateway,
        *,
        before: BaseException | None = None,
        after: BaseException | None = None,
        silence: BaseException | None = None,
        silent: int = 0,
    ) -> None:
        self._inner = inner
        self._before = before
        self._after = after
        self._silence = silence
        self._silent = silent

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        self._perhaps_silent()
        return self._inner.store_card(customer_id, nonce)

    def charge(self, charge: Charge) -> GatewayAnswer:
        before, self._before = self._before, None
        if before is not None:
            raise before
        answer = self._inner.charge(charge)
        after, self._after = self._after, None
        if after is not None:
            raise after
        return answer

    def find(self, invoice: str) -> GatewayAnswer | None:
        self._perhaps_silent()
        return self._inner.find(invoice)

    def void(self, transaction_id: str) -> GatewayAnswer:
        self._perhaps_silent()
        return self._inner.void(transaction_id)

    def refund(self, transaction_id: str, amount: Money) -> GatewayAnswer:
        self._perhaps_silent()
        return self._inner.refund(transaction_id, amount)

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
