"""Ends its process at a chosen point, by the signal that nothing can catch."""

import os
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from commerce.payments.ports import (
    CardGateway,
    Charge,
    GatewayAnswer,
    Plan,
    PlanState,
    Return,
    StoredCard,
    Transaction,
)
from foundation.money import Money

STATEMENT, COMMIT, COMMITTED = "statement", "commit", "committed"
CHARGING, CHARGED = "charging", "charged"
WRITTEN = "written"
"""Marks a connection that has done more than read."""


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


class RelayedGateway:
    """A gateway in front of another: it passes on everything that is asked of it."""

    def __init__(self, inner: CardGateway) -> None:
        self._inner = inner

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:
        return self._inner.store_card(customer_id, nonce)

    def stored_cards(self, customer_id: str) -> list[StoredCard]:
        return self._inner.stored_cards(customer_id)

    def forget_card(self, token: str) -> None:
        self._inner.forget_card(token)

    def charge(self, charge: Charge) -> GatewayAnswer:
        return self._inner.charge(charge)

    def find(self, invoice: str) -> Transaction | None:
        return self._inner.find(invoice)

    def look_up(self, transaction_id: str) -> Transaction | None:
        return self._inner.look_up(transaction_id)

    def void(self, transaction_id: str) -> GatewayAnswer:
        return self._inner.void(transaction_id)

    def refund(self, refund: Return) -> GatewayAnswer:
        return self._inner.refund(refund)

    def undone(self, *, since: datetime) -> list[str]:
        return self._inner.undone(since=since)

    def decide_held(self, transaction_id: str, *, accept: bool) -> GatewayAnswer:
        return self._inner.decide_held(transaction_id, accept=accept)

    def subscribe(self, plan: Plan) -> str:
        return self._inner.subscribe(plan)

    def find_plan(self, invoice: str) -> str | None:
        return self._inner.find_plan(invoice)

    def change_plan(
        self, subscription_id: str, *, amount: Money | None = None, token: str | None = None
    ) -> None:
        self._inner.change_plan(subscription_id, amount=amount, token=token)

    def stop_plan(self, subscription_id: str) -> None:
        self._inner.stop_plan(subscription_id)

    def plan(self, subscription_id: str) -> PlanState:
        return self._inner.plan(subscription_id)


class FusedGateway(RelayedGateway):
    """Passes a place before and after each charge: asked of the gateway, and charged but nowhere noted."""

    def __init__(self, inner: CardGateway, fuse: Fuse) -> None:
        super().__init__(inner)
        self._fuse = fuse

    def charge(self, charge: Charge) -> GatewayAnswer:
        self._fuse(CHARGING)
        answer = super().charge(charge)
        self._fuse(CHARGED)
        return answer


def lay_along(fuse: Fuse) -> None:
    """Let every database connection of this process pass: each statement, before and after each commit.

    Nothing is passed after what has only read: whoever is killed then leaves what they found.
    """

    def statement(connection: Connection, _: Any, text: str, *__: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        fuse(STATEMENT)
        if not text.startswith("SELECT"):
            connection.info[WRITTEN] = True

    def commit(_: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        fuse(COMMIT)

    def given_back(_: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        if record.info.pop(WRITTEN, False):
            fuse(COMMITTED)

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    event.listen(Pool, "checkin", given_back)
