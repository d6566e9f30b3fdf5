import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, create_engine

from api.entrypoints.development.tables import import_tables
from foundation.embedded import EmbeddedPostgres
from foundation.migrations import FOLDER, migrate, pending
from foundation.migrations.authoring import CannotAuthor, draft
from foundation.migrations.digests import MigrationsAltered, check_landed
from foundation.sql import metadata

ROOT = Path(__file__).parents[2]
PACKAGES = ("foundation", "memory", "commerce", "tools", "connectors", "agent", "api")

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(postgres: EmbeddedPostgres, maintenance: Connection) -> Iterator[Engine]:
    """An empty database."""
    maintenance.execute("CREATE DATABASE authoring")
    engine = create_engine(postgres.url.replace("@/postgres?", "@/authoring?"))
    yield engine
    engine.dispose()
    maintenance.execute("DROP DATABASE authoring WITH (FORCE)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of our migrations."""
    import_tables()
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


@pytest.fixture
def declared() -> MetaData:
    """What the last migration makes, and beyond it a table and a column."""
    import_tables()
    tables = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.tables.values():
        table.to_metadata(tables)
    Table(
        "loyalty_stamps",
        tables,
        Column("id", Text, primary_key=True),
        Column("number", Integer, nullable=False, server_default="0", comment="how many"),
    )
    tables.tables["customers"].append_column(Column("note", Text))
    return tables


def test_next_migration_makes_what_is_declared(engine: Engine, folder: Path, declared: MetaData) -> None:
    written = draft(engine, "loyalty_stamps", folder=folder, declared=declared)

    assert written is not None
    script, statements = written
    assert re.fullmatch(r"\d{4}_loyalty_stamps", script.stem)
    assert statements == script.with_suffix(".sql")
    sql = statements.read_text()
    assert sql.startswith("-- Loyalty stamps.\n\nCREATE TABLE loyalty_stamps (\n    id TEXT NOT NULL,")
    assert "ALTER TABLE customers ADD COLUMN note TEXT;" in sql
    assert pending(engine, folder=folder) == [script.name[:4]]
    migrate(engine, folder=folder)
    assert draft(engine, "again", folder=folder, declared=declared) is None


def test_without_a_difference_nothing_is_written(engine: Engine, folder: Path) -> None:
    before = sorted((folder / "versions").iterdir())

    assert draft(engine, "nothing", folder=folder) is None

    assert sorted((folder / "versions").iterdir()) == before


def test_it_may_be_changed_until_it_is_recorded(engine: Engine, folder: Path, declared: MetaData) -> None:
    written = draft(engine, "loyalty_stamps", folder=folder, declared=declared)
    assert written is not None

    written[1].write_text("SELECT 1;\n")

    check_landed(folder)


@pytest.mark.parametrize("name", ["", "Loyalty", "loyalty stamps", "0016_loyalty", "../loyalty"])
def test_unusable_name_is_refused(engine: Engine, folder: Path, name: str) -> None:
    with pytest.raises(CannotAuthor, match="lower-case words joined by underscores"):
        draft(engine, name, folder=folder)


def test_two_last_migrations_are_refused(engine: Engine, folder: Path) -> None:
    last = max(path.stem[:4] for path in (folder / "versions").glob("*.py"))
    for name in ("first", "second"):
        script = f'revision, down_revision = "{name}", "{last}"\n'
        (folder / "versions" / f"{name}.py").write_text(script)

    with pytest.raises(CannotAuthor, match=r"^first and second are both the last migration"):
        draft(engine, "third", folder=folder)


def test_changed_migrations_are_refused(engine: Engine, folder: Path) -> None:
    (folder / "versions" / "0003_payments.sql").write_text("SELECT 1;\n")

    with pytest.raises(MigrationsAltered):
        draft(engine, "loyalty_stamps", folder=folder)


def test_every_declared_table_is_known() -> None:
    import_tables()

    sources = [path.read_text() for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    declared = {name for text in sources for name in re.findall(r'\bTable\(\s*"(\w+)",\s*metadata\b', text)}
    assert declared == set(metadata.tables)
