"""Record the SQL of a checkout, and replay it through the bare driver.

A recording holds the statements, parameters and commits of one checkout in order. Replaying it measures the
floor: what the database alone costs.
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
class RecordedStatement:
    pool: str
    kind: Kind
    statement: str = ""
    parameters: Any = None


@dataclass
class Recording:
    entries: list[RecordedStatement] = field(default_factory=list)

    @property
    def statements(self) -> int:
        return sum(each.kind != "commit" for each in self.entries)

    @property
    def commits(self) -> int:
        return sum(each.kind == "commit" for each in self.entries)


class StatementRecorder:
    """Records the statements of each thread while it has a recording open."""

    def __init__(self, ledger: Ledger) -> None:
        self._main = ledger.engine
        self._thread = threading.local()
        event.listen(Engine, "before_cursor_execute", self._execute)
        event.listen(Engine, "commit", self._commit)

    @contextmanager
    def record(self) -> Iterator[Recording]:
        recording = self._thread.recording = Recording()
        try:
            yield recording
        finally:
            self._thread.recording = None

    def close(self) -> None:
        event.remove(Engine, "before_cursor_execute", self._execute)
        event.remove(Engine, "commit", self._commit)

    def _execute(self, connection: Connection, *arguments: Any) -> None:  # noqa: ANN401 - the event's own signature
        _, statement, parameters, _, is_many = arguments
        self._note(
            connection, RecordedStatement("", "executemany" if is_many else "execute", statement, parameters)
        )

    def _commit(self, connection: Connection) -> None:
        self._note(connection, RecordedStatement("", "commit"))

    def _note(self, connection: Connection, entry: RecordedStatement) -> None:
        recording = getattr(self._thread, "recording", None)
        if recording is not None:
            pool = MAIN if connection.engine is self._main else BESIDE
            recording.entries.append(replace(entry, pool=pool))


class StatementReplayer:
    """Replays recordings over as many connections, in the same two pools, as the program has."""

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

    def replay(self, recording: Recording) -> None:
        """A connection is borrowed from its first statement to its commit."""
        borrowed: dict[str, psycopg.Connection[Any]] = {}
        for entry in recording.entries:
            if entry.pool not in borrowed:
                borrowed[entry.pool] = self._pools[entry.pool].get()
            if entry.kind == "commit":
                connection = borrowed.pop(entry.pool)
                connection.commit()
                self._pools[entry.pool].put(connection)
            else:
                _execute_statement(borrowed[entry.pool].cursor(), entry)

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def _execute_statement(cursor: psycopg.Cursor[Any], entry: RecordedStatement) -> None:
    if entry.kind == "executemany":
        cursor.executemany(entry.statement, entry.parameters)
        return
    cursor.execute(entry.statement, entry.parameters)
    if cursor.description is not None:
        cursor.fetchall()


def mean_statements(recordings: Sequence[Recording]) -> tuple[float, float]:
    """Mean statements and commits of a recording."""
    count = max(1, len(recordings))
    return sum(recording.statements for recording in recordings) / count, sum(
        recording.commits for recording in recordings
    ) / count
