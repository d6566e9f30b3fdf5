"""Servers of a suite's own with an empty, migrated ledger, in a folder that disappears with them."""

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

NO_VENDOR = ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")
"""Settings that would bring in another model than the one on this machine."""


@dataclass(frozen=True)
class Place:
    """`environment` is what a program needs to work here."""

    settings: Settings
    environment: dict[str, str]
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    @property
    def folder(self) -> Path:
        return self.settings.var


@contextmanager
def open_place(given: Mapping[str, str] | None = None, *, durable: bool = False) -> Iterator[Place]:
    """`given` are settings; `durable` writes as `livhana serve` does, which is slower.

    The exported models are those of the usual folder, so that none is made twice.
    """
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir="/tmp"))
    models = load_settings().var.resolve() / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(models)
    postgres = EmbeddedPostgres(folder / "postgres", durable=durable)
    valkey = EmbeddedValkey(folder / "valkey")
    try:
        environment = {
            "APP_ENV": "test",
            "VAR_DIR": str(folder),
            "WAREHOUSE_DIR": str(folder / "warehouse"),
            "DATABASE_URL": postgres.start(),
            "REDIS_URL": valkey.start(),
            **(given or {}),
        }
        settings = load_settings(**environment, **dict.fromkeys(NO_VENDOR))
        with closing(open_ledger(settings.ledger)) as ledger:
            migrate(ledger.engine)
        yield Place(settings, environment, postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
