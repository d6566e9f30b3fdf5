"""What the house needs once, before it opens: the ledger's tables, the embedder, a shop to show."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from sqlalchemy import exists, select
from sqlalchemy.exc import OperationalError

from api.entrypoints.supervisor.trained import is_trained, mark_trained
from commerce.customers.store import customers
from foundation import migrations
from foundation.settings import Settings
from foundation.sql import Ledger, open_ledger
from memory.embeddings import make_embedder, model_name

DEMO_CUSTOMER = "cus_demo"


def _has_run(*command: str) -> bool:
    """In a process of its own, since it takes memory that this one would keep."""
    words = [sys.executable, "-m", "api.entrypoints.cli", *command]
    return subprocess.run(words, check=False, start_new_session=True).returncode == 0  # noqa: S603 - our own program


class NotPrepared(Exception):
    """A step that failed; the message is one sentence."""


class Preparation:
    """Each step looks whether it is needed, so that a later start passes through in no time."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console

    def run(self) -> bool:
        """Whether a demo shop was built."""
        ledger = open_ledger(self._settings.ledger)
        try:
            self._migrate(ledger)
            self._make_embedder()
            is_new = self._build_demo_shop(ledger)
            self._train_models()
        except migrations.LedgerTooNew as error:
            raise NotPrepared(str(error)) from error
        except OperationalError as error:
            address = ledger.engine.url.render_as_string(hide_password=True)
            raise NotPrepared(f"The ledger at {address} does not answer: check DATABASE_URL.") from error
        finally:
            ledger.close()
        return is_new

    def _migrate(self, ledger: Ledger) -> None:
        if migrations.pending(ledger.engine):
            with self._step("The ledger's tables"):
                migrations.migrate(ledger.engine)

    def _make_embedder(self) -> None:
        folder = self._settings.var / "models"
        if not (folder / model_name()).is_dir():
            with self._step("The embedder, made once in about ten seconds"):
                make_embedder(folder)

    def _build_demo_shop(self, ledger: Ledger) -> bool:
        with ledger.transaction() as connection:
            built = connection.scalar(select(exists().where(customers.c.id == DEMO_CUSTOMER)))
        if built or self._settings.app_env != "development":
            return False
        count = str(self._settings.shop.demo_customers)
        self._console.print(f"Building a demo shop of {count} customers, once:")
        if not _has_run("seed-ledger", "--customers", count):
            raise NotPrepared("The demo shop could not be built; what it said is above.")
        return True

    def _train_models(self) -> None:
        """After the demo shop: the intents are trained with the names of its products."""
        folder = self._settings.var / "models"
        if is_trained(folder):
            return
        with self._step("The models, trained once in about ten seconds"):
            if not _has_run("train-models"):
                raise NotPrepared("The models could not be trained; what it said is above.")
        mark_trained(folder)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        with self._console.status(f"{name}…"):
            yield
        self._console.print(f"[green]✓[/] {name} [dim]({time.monotonic() - started:.1f} s)[/]")
