"""Rewrite PostgreSQL's files, so that deleted rows are gone from disk too.

A deleted row stays in its page until that is written over, in the log until that is recycled, and in
the planner's statistics. For an embedded server; on a managed one this is the provider's responsibility.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, inspect, text

from foundation.sql import Ledger

LONGEST_MINUTES = 30


def compact(ledger: Ledger, tables: Sequence[str], *, schemas: Sequence[str] = ()) -> None:
    """Rewrite these tables, the statistics and the write-ahead log; readers of a table wait meanwhile.

    Of each of the `schemas` all tables are rewritten.
    """
    with ledger.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"SET statement_timeout = '{LONGEST_MINUTES}min'"))
        inspector, quoted = inspect(connection), connection.dialect.identifier_preparer.quote
        paths = [quoted(name) for name in tables]
        for schema in schemas:
            paths += [f"{quoted(schema)}.{quoted(name)}" for name in inspector.get_table_names(schema)]
        for path in paths:
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {path}"))
        connection.execute(text("VACUUM FULL pg_catalog.pg_statistic"))
        _renew_log(connection)
        connection.execute(text("RESET statement_timeout"))


def _renew_log(connection: Connection) -> None:
    """Fill every segment there is, since a recycled one holds its old content until it is written over."""
    connection.execute(text("ALTER SYSTEM SET wal_recycle = off"))
    connection.execute(text("SELECT pg_reload_conf()"))
    try:
        segments = connection.execute(text("SELECT count(*) FROM pg_ls_waldir()")).scalar_one()
        for _ in range(segments + 1):
            connection.execute(text("SELECT pg_logical_emit_message(false, 'livhana', 'compacted')"))
            connection.execute(text("SELECT pg_switch_wal()"))
        for _ in range(2):
            connection.execute(text("CHECKPOINT"))
    finally:
        connection.execute(text("ALTER SYSTEM RESET wal_recycle"))
        connection.execute(text("SELECT pg_reload_conf()"))
