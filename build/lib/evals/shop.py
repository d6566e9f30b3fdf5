"""A shop to try things on: generated once, on servers of its own, and copied for whoever wants one.

It stands in a folder that disappears with it. Time stands still in it until somebody moves it.
"""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import delete

from api.bootstrap import Brain, House, build
from evals.generator import ledger as into_ledger
from evals.generator.config import ShopConfig
from evals.generator.rooms import SetClock, open_rooms
from evals.generator.shop import Shop
from evals.snapshot import Snapshot, take
from foundation.embedded import EmbeddedPostgres, EmbeddedValkey
from foundation.outbox import DELIVERIES
from foundation.settings import Settings, load_settings
from foundation.sql import Ledger, metadata, open_ledger
from memory.embeddings import load_embedder

GENERATED = "generated"
PAST_ENDS = datetime(2026, 3, 1, tzinfo=UTC)
OPENS = PAST_ENDS + timedelta(hours=18)
"""Noon in Texas."""


@dataclass(frozen=True)
class Copy:
    """A shop for one to play in."""

    house: House
    clock: SetClock


class Workshop:
    """`pristine` is the ledger of every copy as it begins."""

    def __init__(self, settings: Settings, brain: Brain, maintenance: psycopg.Connection) -> None:
        self._settings = settings
        self._brain = brain
        self._maintenance = maintenance
        self._numbers = itertools.count(1)
        self.pristine: Snapshot = {}

    def generate(self, config: ShopConfig) -> None:
        self._create(GENERATED)
        settings = self._at(GENERATED)
        ledger = open_ledger(settings.ledger)
        metadata.create_all(ledger.engine)
        rooms = open_rooms(settings, ledger, clock=SetClock(PAST_ENDS), embedder=self._brain.embedder)
        into_ledger.build(Shop(config), rooms, advance=lambda *_: None)
        _forget_deliveries(ledger)
        self.pristine = take(ledger)
        ledger.close()

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[Copy]:
        """A house over a ledger of its own; ended, it leaves nothing behind."""
        name = f"copy_{next(self._numbers)}"
        self._create(name, template=GENERATED)
        settings = self._at(name)
        clock = SetClock(OPENS)
        house = build(settings, clock=clock, brain=self._brain)
        house.cache.flushdb()
        try:
            yield Copy(house, clock)
        finally:
            await house.turns.close()
            await house.async_cache.aclose()
            house.close()
            self._maintenance.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            shutil.rmtree(settings.warehouse.folder, ignore_errors=True)

    def _create(self, name: str, *, template: str = "template1") -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._maintenance.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _at(self, database: str) -> Settings:
        url = self._settings.ledger.url.replace("@/postgres?", f"@/{database}?")
        ledger = self._settings.ledger.model_copy(update={"url": url})
        folder = self._settings.warehouse.folder / database
        warehouse = self._settings.warehouse.model_copy(update={"folder": folder})
        return self._settings.model_copy(update={"ledger": ledger, "warehouse": warehouse})


@contextmanager
def open_workshop(*, customers: int, var: Path, seed: int = 1) -> Iterator[Workshop]:
    """var: where models are kept that are exported once; nothing else goes there."""
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir="/tmp"))
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    valkey = EmbeddedValkey(folder / "valkey")
    try:
        settings = _settings(folder, database_url=postgres.start(), cache_url=valkey.start(), var=var)
        with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as maintenance:
            workshop = Workshop(settings, Brain(load_embedder(var / "models")), maintenance)
            workshop.generate(ShopConfig(seed=seed, customers=customers, ends_at=PAST_ENDS))
            yield workshop
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, *, database_url: str, cache_url: str, var: Path) -> Settings:
    """The offline model alone, whatever keys are set."""
    settings = load_settings(
        APP_ENV="test",
        VAR_DIR=str(folder / "var"),
        DATABASE_URL=database_url,
        DATABASE_POOL_SIZE=6,
        REDIS_URL=cache_url,
        WAREHOUSE_DIR=str(folder / "warehouse"),
        ANTHROPIC_API_KEY=None,
        ANTHROPIC_BASE_URL=None,
    )
    return settings.model_copy(update={"var": var})


def _forget_deliveries(ledger: Ledger) -> None:
    """A warehouse hears only of what happens in a copy."""
    with ledger.transaction() as connection:
        connection.execute(delete(DELIVERIES))
