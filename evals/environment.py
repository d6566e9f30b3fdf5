"""A temporary environment for a suite: its own PostgreSQL and Valkey, an empty ledger, a temporary folder."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundation.embedded import EmbeddedPostgres, EmbeddedValkey
from foundation.migrations import migrate
from foundation.settings import Settings, load_settings
from foundation.sql import open_ledger

MODEL_VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")
"""Environment variables that would select a remote model."""


@dataclass(frozen=True)
class Environment:
    """`variables` are the environment variables of a process that runs in it."""

    settings: Settings
    variables: dict[str, str]
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    @property
    def folder(self) -> Path:
        return self.settings.var


@contextmanager
def temporary_environment(
    given: Mapping[str, str] | None = None, *, durable: bool = False
) -> Iterator[Environment]:
    """`given` overrides settings; `durable` turns fsync on, as `livhana serve` does.

    Exported models are shared with the usual folder, so that none is exported twice.
    """
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir="/tmp"))
    models = load_settings().var.resolve() / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(models)
    postgres = EmbeddedPostgres(folder / "postgres", durable=durable)
    valkey = EmbeddedValkey(folder / "valkey")
    try:
        variables = {
            "APP_ENV": "test",
            "VAR_DIR": str(folder),
            "WAREHOUSE_DIR": str(folder / "warehouse"),
            "DATABASE_URL": postgres.start(),
            "REDIS_URL": valkey.start(),
            **(given or {}),
        }
        settings = load_settings(**variables, **dict.fromkeys(MODEL_VARIABLES))
        with closing(open_ledger(settings.ledger)) as ledger:
            migrate(ledger.engine)
        yield Environment(settings, variables, postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
