"""Servers that live as long as the test session, and what is fresh for each test.

A test pays only for what it asks: `ledger` for a database of its own (a copy of a template),
`cache` for an emptied Valkey, `live_settings` for settings that name both.
"""

import importlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine

from foundation.embedded import EmbeddedPostgres, EmbeddedValkey
from foundation.settings import Settings, load_settings
from foundation.sql import Ledger, metadata, open_ledger
from tests.fakes import FakeClock

ROOT = Path(__file__).parent.parent
ROOMS = ("foundation", "memory", "commerce", "tools", "connectors", "agent", "api")
TEMPLATE = "ledger_template"
NUMBERS = itertools.count(1)


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
    """Where databases are made and dropped."""
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres, maintenance: psycopg.Connection) -> str:
    maintenance.execute(f"CREATE DATABASE {TEMPLATE}")
    engine = create_engine(_database(postgres, TEMPLATE))
    import_tables()
    metadata.create_all(engine)
    engine.dispose()
    return TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, maintenance: psycopg.Connection, template: str) -> Iterator[str]:
    name = f"test_{next(NUMBERS)}"
    maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _database(postgres, name)
    maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ledger(database_url: str, settings: Settings) -> Iterator[Ledger]:
    opened = open_ledger(settings.ledger.model_copy(update={"url": database_url}))
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
    """As on a machine of its own; nothing runs at the addresses in it."""
    return load_settings(APP_ENV="test", VAR_DIR=str(tmp_path / "var"))


@pytest.fixture
def live_settings(tmp_path: Path, database_url: str, cache_url: str) -> Settings:
    """Settings that name this test's database and the session's Valkey."""
    var = str(tmp_path / "var")
    return load_settings(APP_ENV="test", VAR_DIR=var, DATABASE_URL=database_url, REDIS_URL=cache_url)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _database(server: EmbeddedPostgres, name: str) -> str:
    return server.url.replace("@/postgres?", f"@/{name}?")


def import_tables() -> None:
    """Import every module that declares tables."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "metadata" in path.read_text() and "versions" not in path.parts:
                with suppress(Exception):
                    importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
