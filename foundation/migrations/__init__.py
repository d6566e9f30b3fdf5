"""Bring the ledger's tables to the version that this code expects."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Engine, text

FOLDER = Path(__file__).parent
LOCK = 5_200_421
"""One process at a time migrates; the others wait and find nothing left to do."""


class LedgerTooNew(Exception):
    def __init__(self) -> None:
        super().__init__("The ledger was migrated by a newer version of this program: install that one.")


def migrate(engine: Engine, *, folder: Path = FOLDER) -> None:
    """Apply what is pending, all of it or nothing."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        config = _config(folder)
        config.attributes["connection"] = connection
        with _every_revision_known():
            command.upgrade(config, "head")


def pending(engine: Engine, *, folder: Path = FOLDER) -> list[str]:
    """The migrations still to be applied, the next one first."""
    with engine.connect() as connection:
        applied = MigrationContext.configure(connection).get_current_heads()
    scripts = ScriptDirectory.from_config(_config(folder))
    with _every_revision_known():
        waiting = list(scripts.iterate_revisions("heads", applied or "base"))
    return [revision.revision for revision in reversed(waiting)]


def heads(folder: Path = FOLDER) -> list[str]:
    """The last migration; more than one when two were written side by side."""
    return list(ScriptDirectory.from_config(_config(folder)).get_heads())


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _every_revision_known() -> Iterator[None]:
    try:
        yield
    except ResolutionError as error:
        raise LedgerTooNew from error
    except CommandError as error:
        if isinstance(error.__cause__, ResolutionError):
            raise LedgerTooNew from error
        raise
