"""Ledgers of every earlier version of the program, brought to the schema of this one.

`landed/` holds the migrations that were still edited after ledgers had been made by them, as they were then.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from psycopg import Connection
from sqlalchemy import Engine, create_engine, text

from foundation.embedded import EmbeddedPostgres
from foundation.migrations import FOLDER, migrate
from tests.foundation.catalogue import Catalogue, catalogue

LANDED = Path(__file__).parent / "landed"
NOTHING = "SELECT 1;"
EMPTY = [
    *("0002_customers.sql", "0003_payments.sql", "0004_memberships.sql", "0005_checkout.sql"),
    *("0006_raffles.sql", "0007_fraud.sql", "0008_notices.sql", "0009_age.sql"),
]

MakeEngine = Callable[[str], Engine]


@pytest.fixture
def make_engine(postgres: EmbeddedPostgres, maintenance: Connection) -> Iterator[MakeEngine]:
    """Opens an empty database of that name."""
    made: dict[str, Engine] = {}

    def make(name: str) -> Engine:
        maintenance.execute(f"CREATE DATABASE {name}")
        made[name] = create_engine(postgres.url.replace("@/postgres?", f"@/{name}?"))
        return made[name]

    yield make
    for name, engine in made.items():
        engine.dispose()
        maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh(make_engine: MakeEngine) -> Catalogue:
    """Of a ledger that this version makes."""
    engine = make_engine("fresh")
    migrate(engine)
    return catalogue(engine)


def landed(*names: str) -> dict[str, str]:
    return {name: (LANDED / name).read_text() for name in names}


def earlier(folder: Path, last: str, edited: Mapping[str, str]) -> Path:
    """Migrations up to `last` as an earlier version had them."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(FOLDER / "env.py", versions.parent)
    for path in (FOLDER / "versions").glob("[0-9]*.*"):
        if path.name[:4] <= last:
            shutil.copy(path, versions)
    for name, sql in edited.items():
        (versions / name).write_text(sql)
    return versions.parent


@pytest.mark.parametrize(
    ("last", "edited"),
    [
        pytest.param("0001", landed("0001_spine.sql"), id="first"),
        pytest.param("0009", landed("0001_spine.sql") | dict.fromkeys(EMPTY, NOTHING), id="empty-places"),
        pytest.param(
            "0009", landed("0001_spine.sql", "0002_customers.sql", "0003_payments.sql"), id="shop-rules"
        ),
        pytest.param(
            "0014", landed("0001_spine.sql", "0010_learning.sql", "0011_predictions.sql"), id="forgetting"
        ),
        pytest.param("0014", {}, id="last-before-digests"),
    ],
)
def test_ledger_of_an_earlier_version_gets_the_schema_of_a_fresh_one(
    make_engine: MakeEngine, fresh: Catalogue, tmp_path: Path, last: str, edited: Mapping[str, str]
) -> None:
    engine = make_engine("earlier")
    migrate(engine, folder=earlier(tmp_path, last, edited))

    migrate(engine)

    assert catalogue(engine) == fresh


def test_rows_of_the_first_version_are_kept(
    make_engine: MakeEngine, fresh: Catalogue, tmp_path: Path
) -> None:
    engine = make_engine("earlier")
    migrate(engine, folder=earlier(tmp_path, "0001", landed("0001_spine.sql")))
    with engine.begin() as connection:
        connection.exec_driver_sql((LANDED / "rows.sql").read_text())
    before = _counts(engine)

    migrate(engine)

    after = _counts(engine)
    assert catalogue(engine) == fresh
    assert 0 not in before.values()
    dead_letters = before.pop("warehouse_parked")
    kept = before | {name: before[name] + dead_letters for name in ("outbox", "outbox_deliveries")}
    assert {name: after[name] for name in kept} == kept
    assert after["refunds"] == 1
    assert after["membership_changes"] == after["membership_periods"] == 2
    assert after["statements"] == 4


def _counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        found = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        names = [name for name in found if name != "alembic_version"]
        return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in names}  # noqa: S608
