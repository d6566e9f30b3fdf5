"""Kill points: named points of a process at which fault injection ends it by SIGKILL."""

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
    Return,
    Transaction,
    TransactionGateway,
)

STATEMENT, COMMIT, COMMITTED = "statement", "commit", "committed"
CHARGING, CHARGED = "charging", "charged"
WRITTEN = "written"
"""Marks a connection that has written."""


@dataclass(frozen=True)
class KillPoint:
    """The `number`-th time that the process reaches the point of that name."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class FaultInjector:
    """Records each kill point that the process reaches, and kills the process at the armed one."""

    def __init__(self) -> None:
        self.passed: list[KillPoint] = []
        self._counts: Counter[str] = Counter()
        self._armed: KillPoint | None = None
        self._lock = Lock()

    def arm(self, point: KillPoint | None) -> None:
        """Reset the counts and arm a point; None only records."""
        self.passed.clear()
        self._counts.clear()
        self._armed = point

    def __call__(self, point_name: str) -> None:
        """A tool call has another id in every turn, so the id is not part of the name."""
        name = point_name.partition(":")[0] if point_name.startswith("tool:") else point_name
        with self._lock:
            self._counts[name] += 1
            point = KillPoint(name, self._counts[name])
            self.passed.append(point)
            if point == self._armed:
                os.kill(os.getpid(), signal.SIGKILL)


class FaultInjectingTransactions:
    """Kill points before each charge, and after it while no row of the ledger records it yet."""

    def __init__(self, inner: TransactionGateway, injector: FaultInjector) -> None:
        self._inner = inner
        self._injector = injector

    def charge(self, charge: Charge) -> GatewayAnswer:
        self._injector(CHARGING)
        answer = self._inner.charge(charge)
        self._injector(CHARGED)
        return answer

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


class FaultInjectingGateway:
    def __init__(self, inner: CardGateway, injector: FaultInjector) -> None:
        self.cards = inner.cards
        self.transactions = FaultInjectingTransactions(inner.transactions, injector)
        self.plans = inner.plans


def instrument_database(injector: FaultInjector) -> None:
    """Add kill points to every database connection: each statement, before and after each commit.

    A connection that has only read reaches no point when it is returned: a kill there changes nothing.
    """

    def statement(connection: Connection, _: Any, text: str, *__: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        injector(STATEMENT)
        if not text.startswith("SELECT"):
            connection.info[WRITTEN] = True

    def commit(_: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        injector(COMMIT)

    def check_in(_: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        if record.info.pop(WRITTEN, False):
            injector(COMMITTED)

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    event.listen(Pool, "checkin", check_in)
