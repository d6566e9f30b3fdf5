"""A generated shop that serves as a template: each scenario runs in a copy of its database.

The template is generated once in a temporary environment. The clock of a copy advances only when it is set.
"""

import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql
from sqlalchemy import delete

from api.containers.artifacts import ModelArtifacts, load_artifacts
from api.containers.container import Container, build_container
from api.containers.demo import demo_services
from api.containers.overrides import Overrides
from demo.generator import ledger as into_ledger
from demo.generator.config import ShopConfig
from demo.generator.services import SetClock
from demo.generator.shop import Shop
from evals.environment import temporary_environment
from evals.snapshot import Snapshot, take_snapshot
from foundation.migrations import migrate
from foundation.outbox import DELIVERIES
from foundation.settings import Settings
from foundation.sql import Ledger, open_ledger

GENERATED = "generated"
HISTORY_ENDS = datetime(2026, 3, 1, tzinfo=UTC)
STARTS_AT = HISTORY_ENDS + timedelta(hours=18)
"""Noon in Texas."""


@dataclass(frozen=True)
class ShopCopy:
    """A copy of the shop for one run."""

    container: Container
    clock: SetClock


class ShopTemplate:
    """`initial` is the snapshot of every copy before its run."""

    def __init__(
        self, settings: Settings, artifacts: ModelArtifacts, maintenance: psycopg.Connection
    ) -> None:
        self._settings = settings
        self._artifacts = artifacts
        self._maintenance = maintenance
        self._numbers = itertools.count(1)
        self.initial: Snapshot = {}

    def generate(self, config: ShopConfig) -> None:
        self._create(GENERATED)
        settings = self._at(GENERATED)
        ledger = open_ledger(settings.ledger)
        migrate(ledger.engine)
        overrides = Overrides(ledger=ledger, artifacts=self._artifacts)
        with demo_services(settings, clock=SetClock(HISTORY_ENDS), overrides=overrides) as services:
            into_ledger.build(Shop(config), services, advance=lambda *_: None)
        _discard_deliveries(ledger)
        self.initial = take_snapshot(ledger)
        ledger.close()

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[ShopCopy]:
        """An application over its own copy of the database, which is dropped afterwards."""
        name = f"copy_{next(self._numbers)}"
        self._create(name, template=GENERATED)
        settings = self._at(name)
        clock = SetClock(STARTS_AT)
        container = build_container(settings, Overrides(clock=clock, artifacts=self._artifacts))
        container.infrastructure.cache.flushdb()
        try:
            yield ShopCopy(container, clock)
        finally:
            await container.leave()
            container.close()
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
def open_shop_template(*, customers: int, seed: int = 1) -> Iterator[ShopTemplate]:
    with temporary_environment({"DATABASE_POOL_SIZE": "6"}) as environment:
        address = environment.postgres.url.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as maintenance:
            template = ShopTemplate(environment.settings, load_artifacts(environment.settings), maintenance)
            template.generate(ShopConfig(seed=seed, customers=customers, ends_at=HISTORY_ENDS))
            yield template


def _discard_deliveries(ledger: Ledger) -> None:
    """So that the warehouse of a copy gets only the events of its run."""
    with ledger.transaction() as connection:
        connection.execute(delete(DELIVERIES))
