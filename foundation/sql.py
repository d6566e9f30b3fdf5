"""The ledger: one PostgreSQL database, entered only through transactions.

A transaction opened inside another joins it, so a tool's effect row, the change that commerce makes
and the event in the outbox commit together or not at all.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from weakref import WeakSet

from sqlalchemy import Connection, Engine, MetaData, create_engine

from foundation.settings import LedgerSettings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
"""Every table of the ledger; each is declared in a `store.py`."""


class Ledger:
    def __init__(self, engine: Engine, beside: Engine | None = None) -> None:
        """`beside` serves the transactions that are opened while another is open.

        They need connections of their own: were both kinds to share a pool, as many open
        transactions as it has connections would wait for each other.
        """
        self.engine = engine
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._beside = beside or engine
        self._open: ContextVar[Connection | None] = ContextVar("open_transaction", default=None)
        _LEDGERS.add(self)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The transaction this code already runs in, or a new one."""
        outer = self._open.get()
        if outer is not None:
            yield outer
            return
        with self.new_transaction() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """For a single statement, which commits by itself; in an open transaction, a part of that.

        It spares the two round trips that begin and end a transaction.
        """
        outer = self._open.get()
        if outer is not None:
            yield outer
            return
        with self._autocommit.connect() as connection:
            yield connection

    @contextmanager
    def new_transaction(self) -> Iterator[Connection]:
        """A transaction of its own, for what must be committed before a remote call."""
        engine = self.engine if self._open.get() is None else self._beside
        with engine.begin() as connection:
            token = self._open.set(connection)
            try:
                yield connection
            finally:
                self._open.reset(token)

    def close(self) -> None:
        self.engine.dispose()
        self._beside.dispose()

    def abandon_connections(self) -> None:
        """Use other connections from now on, and leave those in the pools as they are."""
        self.engine.dispose(close=False)
        self._beside.dispose(close=False)


_LEDGERS: WeakSet[Ledger] = WeakSet()


def _abandon_after_fork() -> None:
    """A connection that two processes speak over is broken for both: a child opens its own."""
    for ledger in _LEDGERS:
        ledger.abandon_connections()


os.register_at_fork(after_in_child=_abandon_after_fork)


def open_ledger(settings: LedgerSettings) -> Ledger:
    """Both pools together hold at most `pool_size` connections."""
    beside = max(1, settings.pool_size // 4)
    return Ledger(_engine(settings, settings.pool_size - beside), _engine(settings, beside))


def _engine(settings: LedgerSettings, pool_size: int) -> Engine:
    options = f"-c statement_timeout={settings.statement_timeout_ms}"
    return create_engine(
        settings.url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        pool_timeout=settings.pool_timeout_seconds,
        connect_args={"options": options, "application_name": "livhana"},
    )
