import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import Connection
from sqlalchemy import Engine, create_engine, inspect, text

from api.entrypoints.development.tables import import_tables
from foundation.embedded import EmbeddedPostgres
from foundation.migrations import FOLDER, LedgerTooNew, migrate, pending
from foundation.sql import metadata

SCRIPT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {before!r}


def upgrade():
    op.create_table("table_{revision}", sa.Column("id", sa.Text, primary_key=True))
    {then}
"""
SET_ASIDE = """
INSERT INTO warehouse_parked (event_id, topic, payload, fault, at)
VALUES (:id, 'memberships', :payload, 'tier is missing', '2026-03-01')
"""
DELIVERED = """
WITH event AS (
    INSERT INTO outbox (id, topic, customer_id, payload, at)
    VALUES ('evt_delivered', 'memberships', 'cus_ana', '{"id": "mem_1"}', '2026-03-01') RETURNING id, at
)
INSERT INTO outbox_deliveries (subscriber, event_id, appended_at, next_attempt_at, delivered_at)
SELECT 'warehouse', id, at, at, at FROM event
"""
DEAD_LETTERS = """
SELECT id, topic, customer_id, last_error, delivered_at IS NULL, dead_lettered_at IS NOT NULL
FROM outbox JOIN outbox_deliveries ON event_id = id ORDER BY id
"""


@pytest.fixture
def engine(postgres: EmbeddedPostgres, maintenance: Connection) -> Iterator[Engine]:
    """An empty database."""
    maintenance.execute("CREATE DATABASE unmigrated")
    engine = create_engine(postgres.url.replace("@/postgres?", "@/unmigrated?"))
    yield engine
    engine.dispose()
    maintenance.execute("DROP DATABASE unmigrated WITH (FORCE)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small migrations."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    shutil.copy(FOLDER / "env.py", folder)
    _add(folder, "one", before=None)
    _add(folder, "two", before="one")
    return folder


def _add(folder: Path, revision: str, *, before: str | None, then: str = "") -> None:
    script = SCRIPT.format(revision=revision, before=before, then=then)
    (folder / "versions" / f"{revision}.py").write_text(script)


def _tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_pending_migrations_are_named_in_their_order(engine: Engine, folder: Path) -> None:
    assert pending(engine, folder=folder) == ["one", "two"]


def test_migrated_ledger_has_nothing_pending(engine: Engine, folder: Path) -> None:
    migrate(engine, folder=folder)
    migrate(engine, folder=folder)

    assert _tables(engine) == {"alembic_version", "table_one", "table_two"}
    assert pending(engine, folder=folder) == []


def test_later_migration_alone_is_applied_later(engine: Engine, folder: Path) -> None:
    migrate(engine, folder=folder)
    _add(folder, "three", before="two")

    waiting = pending(engine, folder=folder)
    migrate(engine, folder=folder)

    assert waiting == ["three"]
    assert "table_three" in _tables(engine)


def test_failing_migration_leaves_nothing_behind(engine: Engine, folder: Path) -> None:
    _add(folder, "three", before="two", then="raise ZeroDivisionError")

    with pytest.raises(ZeroDivisionError):
        migrate(engine, folder=folder)

    assert _tables(engine) == set()


def test_processes_that_start_at_once_migrate_once(engine: Engine, folder: Path) -> None:
    threads = [threading.Thread(target=migrate, args=(engine,), kwargs={"folder": folder}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert pending(engine, folder=folder) == []


def test_ledger_of_a_newer_program_is_refused(engine: Engine, folder: Path) -> None:
    migrate(engine, folder=folder)
    (folder / "versions" / "two.py").unlink()

    with pytest.raises(LedgerTooNew):
        migrate(engine, folder=folder)
    with pytest.raises(LedgerTooNew):
        pending(engine, folder=folder)


def test_rows_that_the_warehouse_had_set_aside_become_dead_letters(engine: Engine, tmp_path: Path) -> None:
    before = tmp_path / "migrations"
    shutil.copytree(FOLDER, before)
    for later in (before / "versions").glob("001[6-9]*"):
        later.unlink()
    migrate(engine, folder=before)
    with engine.begin() as connection:
        for event_id in ("evt_pruned", "evt_delivered"):
            row = {"id": event_id, "payload": '{"id": "mem_1", "customer_id": "cus_ana"}'}
            connection.execute(text(SET_ASIDE), row)
        connection.execute(text(DELIVERED))

    migrate(engine)

    with engine.connect() as connection:
        rows = connection.execute(text(DEAD_LETTERS)).all()
    assert [tuple(row) for row in rows] == [
        ("evt_delivered", "memberships", "cus_ana", "tier is missing", True, True),
        ("evt_pruned", "memberships", "cus_ana", "tier is missing", True, True),
    ]


def test_migrated_ledger_and_declared_tables_agree(engine: Engine) -> None:
    import_tables()
    migrate(engine)

    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    assert differences == []
