"""Servers of the test session, and the fixtures that each test gets fresh.

A test pays only for what it requests: `ledger` for a migrated database without a row in it, `cache` for
an emptied Valkey, `live_settings` for settings that name both.
"""

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
import structlog
from sqlalchemy import create_engine

from foundation.embedded import EmbeddedPostgres, EmbeddedValkey
from foundation.migrations import migrate
from foundation.settings import Settings, load_settings
from foundation.sql import Ledger, open_ledger
from foundation.warehouse.base import CATALOG_SCHEMA
from tests.fakes import FakeClock

TEMPLATE = "ledger_template"
PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
"""structlog's default renderer takes a third of a second to format one traceback."""

structlog.configure(
    processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, PLAIN]
)

NUMBERS = itertools.count(1)
LONG = ("slow", "browser", "kills")
"""Marks of tests that `make test-fast` leaves out; see CONTRIBUTING.md for what each is for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first: workers begin with them, so that none is waited for at the end."""
    first = {item.path for item in items if any(item.get_closest_marker(mark) for mark in LONG)}
    items.sort(key=lambda item: item.path not in first)


@dataclass(frozen=True)
class Shared:
    """A database that tests use one after the other."""

    url: str
    janitor: psycopg.Connection
    tables: Sequence[str]

    def empty(self) -> None:
        """Delete all rows without foreign key checks, and end other connections."""
        self.janitor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        deletes = "; ".join(f"DELETE FROM {name}" for name in self.tables)  # noqa: S608 - the names are our own
        self.janitor.execute(
            f"SET session_replication_role = replica; {deletes}; "
            f"SET session_replication_role = DEFAULT; DROP SCHEMA IF EXISTS {CATALOG_SCHEMA} CASCADE"
        )


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Short, since a socket's path holds about a hundred characters."""
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(servers_folder / "postgres", durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey(servers_folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(servers_folder / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def maintenance(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A connection that creates and drops databases."""
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres, maintenance: psycopg.Connection) -> str:
    maintenance.execute(f"CREATE DATABASE {TEMPLATE}")
    engine = create_engine(_database(postgres, TEMPLATE))
    migrate(engine)
    engine.dispose()
    return TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, maintenance: psycopg.Connection, template: str) -> Iterator[str]:
    """A database of the test's own, where the shared one of `emptied_url` will not do."""
    name = f"test_{next(NUMBERS)}"
    maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _database(postgres, name)
    maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared(postgres: EmbeddedPostgres, maintenance: psycopg.Connection, template: str) -> Iterator[Shared]:
    maintenance.execute(f"CREATE DATABASE shared TEMPLATE {template} STRATEGY FILE_COPY")
    url = _database(postgres, "shared")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as janitor:
        named = janitor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        yield Shared(url, janitor, [name for (name,) in named if name != "alembic_version"])


@pytest.fixture
def emptied_url(shared: Shared) -> Iterator[str]:
    """The session's database, emptied after the test: a copy for each would cost half a second."""
    yield shared.url
    shared.empty()


@pytest.fixture
def ledger(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Ledger]:
    own = "database_url" in request.fixturenames
    url = request.getfixturevalue("database_url" if own else "emptied_url")
    opened = open_ledger(settings.ledger.model_copy(update={"url": url}))
    yield opened
    opened.close()


@pytest.fixture
def cache_url(valkey: EmbeddedValkey) -> str:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def cache(cache_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(cache_url) as client:
        yield client


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a separate machine; no server runs at their addresses."""
    return load_settings(APP_ENV="test", VAR_DIR=str(tmp_path / "var"))


@pytest.fixture
def live_settings(tmp_path: Path, emptied_url: str, cache_url: str) -> Settings:
    """Settings that name this test's database and the session's Valkey."""
    var = str(tmp_path / "var")
    return load_settings(APP_ENV="test", VAR_DIR=var, DATABASE_URL=emptied_url, REDIS_URL=cache_url)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _database(server: EmbeddedPostgres, name: str) -> str:
    return server.url.replace("@/postgres?", f"@/{name}?")
