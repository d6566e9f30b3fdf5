"""Ends its process at a chosen point, by the signal that nothing can catch."""

import os
import signal
from collections import Counter
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from commerce.payments.ports import CardGateway, Charge, GatewayAnswer, StoredCard
from foundation.money import Money

STATEMENT, COMMIT, COMMITTED = "statement", "commit", "committed"
CHARGING, CHARGED = "charging", "charged"


@dataclass(frozen=True)
class Point:
    """The `number`-th time that the process passes a place of that name."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Fuse:
    """Told of every place that the process passes; it notes them, and at the armed one nothing follows."""

    def __init__(self) -> None:
        self.passed: list[Point] = []
        self._counts: Counter[str] = Counter()
        self._armed: Point | None = None
        self._lock = Lock()

    def arm(self, point: Point | None) -> None:
        """Count from here on; without a point, only note what is passed."""
        self.passed.clear()
        self._counts.clear()
        self._armed = point

    def __call__(self, place: str) -> None:
        """A call has an id of its own in every turn; its place is the same."""
        name = place.partition(":")[0] if place.startswith("tool:") else place
        with self._lock:
            self._counts[name] += 1
            point = Point(name, self._counts[name])
            self.passed.append(point)
            if point == self._armed:
                os.kill(os.getpid(), signal.SIGKILL)


class FusedGateway:
    """Passes a place before and after each charge: asked of the gateway, and charged but nowhere noted."""

    def __init__(self, inner: CardGateway, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        return self._inner.store_card(customer_id, nonce)

    def charge(self, charge: Charge) -> GatewayAnswer:
        self._fuse(CHARGING)
        answer = self._inner.charge(charge)
        self._fuse(CHARGED)
        return answer

    def find(self, invoice: str) -> GatewayAnswer | None:
        return self._inner.find(invoice)

    def void(self, transaction_id: str) -> GatewayAnswer:
        return self._inner.void(transaction_id)

    def refund(self, transaction_id: str, amount: Money) -> GatewayAnswer:
        return self._inner.refund(transaction_id, amount)


def lay_along(fuse: Fuse) -> None:
    """Let every database connection of this process pass: each statement, before and after each commit."""

    def statement(*_: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        fuse(STATEMENT)

    def commit(_: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        fuse(COMMIT)

    def given_back(*_: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        fuse(COMMITTED)

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    event.listen(Pool, "checkin", given_back)
