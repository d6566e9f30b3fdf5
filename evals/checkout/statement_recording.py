"""What a checkout says to the database, word for word, and the same said again by nothing but the driver.

The floor under a program's speed is the database itself: a tape holds the statements, parameters and
commits of one checkout in their order, and playing it costs what they cost and no more.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import psycopg
from sqlalchemy import Connection, Engine, event

from foundation.sql import Ledger

Kind = Literal["execute", "executemany", "commit"]
MAIN, BESIDE = "main", "beside"


@dataclass(frozen=True)
class Said:
    pool: str
    kind: Kind
    statement: str = ""
    parameters: Any = None


@dataclass
class Tape:
    said: list[Said] = field(default_factory=list)

    @property
    def statements(self) -> int:
        return sum(each.kind != "commit" for each in self.said)

    @property
    def commits(self) -> int:
        return sum(each.kind == "commit" for each in self.said)


class Recorder:
    """Listens to a ledger; what a thread says goes to the tape that it has begun."""

    def __init__(self, ledger: Ledger) -> None:
        self._main = ledger.engine
        self._thread = threading.local()
        event.listen(Engine, "before_cursor_execute", self._execute)
        event.listen(Engine, "commit", self._commit)

    @contextmanager
    def taping(self) -> Iterator[Tape]:
        tape = self._thread.tape = Tape()
        try:
            yield tape
        finally:
            self._thread.tape = None

    def close(self) -> None:
        event.remove(Engine, "before_cursor_execute", self._execute)
        event.remove(Engine, "commit", self._commit)

    def _execute(self, connection: Connection, *told: Any) -> None:  # noqa: ANN401 - the event's own signature
        _, statement, parameters, _, is_many = told
        self._note(connection, Said("", "executemany" if is_many else "execute", statement, parameters))

    def _commit(self, connection: Connection) -> None:
        self._note(connection, Said("", "commit"))

    def _note(self, connection: Connection, said: Said) -> None:
        tape = getattr(self._thread, "tape", None)
        if tape is not None:
            pool = MAIN if connection.engine is self._main else BESIDE
            tape.said.append(replace(said, pool=pool))


class Player:
    """As many connections as the program has, lent out as its pools do."""

    def __init__(self, url: str, *, main: int, beside: int) -> None:
        plain = url.replace("+psycopg", "")
        self._pools: dict[str, queue.Queue[psycopg.Connection[Any]]] = {}
        self._open: list[psycopg.Connection[Any]] = []
        for name, size in ((MAIN, main), (BESIDE, beside)):
            self._pools[name] = queue.Queue()
            for _ in range(size):
                connection = psycopg.connect(plain)
                self._open.append(connection)
                self._pools[name].put(connection)

    def play(self, tape: Tape) -> None:
        """Each connection is held from its first statement to its commit."""
        held: dict[str, psycopg.Connection[Any]] = {}
        for said in tape.said:
            if said.pool not in held:
                held[said.pool] = self._pools[said.pool].get()
            if said.kind == "commit":
                connection = held.pop(said.pool)
                connection.commit()
                self._pools[said.pool].put(connection)
            else:
                _say(held[said.pool].cursor(), said)

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def _say(cursor: psycopg.Cursor[Any], said: Said) -> None:
    if said.kind == "executemany":
        cursor.executemany(said.statement, said.parameters)
        return
    cursor.execute(said.statement, said.parameters)
    if cursor.description is not None:
        cursor.fetchall()


def mean_statements(tapes: Sequence[Tape]) -> tuple[float, float]:
    """Statements and commits of one tape."""
    count = max(1, len(tapes))
    return sum(tape.statements for tape in tapes) / count, sum(tape.commits for tape in tapes) / count
