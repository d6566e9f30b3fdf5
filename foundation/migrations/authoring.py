"""Author the next migration: SQL from the migrated ledger to the declared tables, for a person to read."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation, OpContainer
from sqlalchemy import Connection, Engine, MetaData

from foundation.migrations import FOLDER, heads, migrate
from foundation.migrations.digests import check_landed
from foundation.sql import metadata

NAME = re.compile(r"[a-z][a-z0-9_]*")
PYTHON = '''"""{title}, as plain SQL beside this file."""

from pathlib import Path

from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
'''


class CannotAuthor(Exception):
    """Why no migration was written; the message is one sentence."""


def draft(
    engine: Engine, name: str, *, folder: Path = FOLDER, declared: MetaData = metadata
) -> tuple[Path, Path] | None:
    """Migrate `engine` and write what the declared tables have beyond it; None when nothing differs.

    Raises:
        CannotAuthor: the name is unusable, or two migrations claim to be the last one.
        MigrationsAltered: a landed migration was changed or is missing.
    """
    if not NAME.fullmatch(name):
        raise CannotAuthor(f"{name!r} cannot name a migration: use lower-case words joined by underscores.")
    check_landed(folder)
    last = heads(folder)
    if len(last) != 1:
        raise CannotAuthor(
            f"{' and '.join(sorted(last))} are both the last migration: give one the next number, "
            "and the other's revision as its down_revision."
        )
    migrate(engine, folder=folder)
    with engine.connect() as connection:
        sql = difference(connection, declared)
    return _write(folder / "versions", name, before=last[0], sql=sql) if sql else None


def difference(connection: Connection, declared: MetaData) -> str:
    """The statements that bring this database to the declared tables; empty when there is no difference."""
    options = {"compare_type": True, "compare_server_default": True}
    wanted = produce_migrations(MigrationContext.configure(connection, opts=options), declared).upgrade_ops
    written = io.StringIO()
    offline = MigrationContext.configure(
        dialect=connection.dialect, opts={"as_sql": True, "output_buffer": written}
    )
    runner = Operations(offline)
    for operation in _flat(wanted):
        runner.invoke(operation)
    lines = [line.replace("\t", "    ").rstrip() for line in written.getvalue().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _flat(operation: MigrateOperation | None) -> Iterator[MigrateOperation]:
    if isinstance(operation, OpContainer):
        for inner in operation.ops:
            yield from _flat(inner)
    elif operation is not None:
        yield operation


def _write(versions: Path, name: str, *, before: str, sql: str) -> tuple[Path, Path]:
    revision = f"{int(before) + 1:04}"
    title = name.replace("_", " ").capitalize()
    script = versions / f"{revision}_{name}.py"
    script.write_text(PYTHON.format(title=title, revision=revision, before=before))
    statements = script.with_suffix(".sql")
    statements.write_text(f"-- {title}.\n\n{sql}\n")
    return script, statements
