import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from api.containers.warehouse_tables import TABLES
from foundation.embedded import EmbeddedPostgres
from foundation.outbox import Outbox, Relay
from foundation.settings import Settings
from foundation.sql import Ledger
from foundation.warehouse.base import CATALOG_SCHEMA, WarehouseUnavailable
from foundation.warehouse.ducklake import DuckLake
from foundation.warehouse.feed import WarehouseFeed, subscription
from foundation.warehouse.schema import Fault
from tests.fakes import FakeClock, FakeWarehouse

Row = dict[str, Any]

pytestmark = pytest.mark.slow


def _membership(number: int = 1, **changes: object) -> Row:
    return {
        "id": f"mem_{number}",
        "customer_id": f"cus_{number}",
        "tier": "GOLD",
        "status": "active",
        "price_cents": 19700,
        "created_at": "2026-03-01T12:00:00+00:00",
        "updated_at": "2026-03-01T12:00:00+00:00",
        **changes,
    }


def _interaction(number: int = 1, **changes: object) -> Row:
    return {
        "interaction_id": f"trn_{number}",
        "customer_id": "cus_1",
        "session_id": "thr_1",
        "channel": "chat",
        "timestamp": "2026-03-01T12:00:00+00:00",
        "sealed_message": "k1:verbatim",
        "sealed_response": "k1:answer",
        "updated_at": "2026-03-01T12:00:00+00:00",
        **changes,
    }


def _purchase() -> Row:
    return {
        "order_id": "ord_1",
        "customer_id": "cus_1",
        "timestamp": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "amount_cents": 2800,
        "products": ["prd_1", "prd_2"],
    }


@dataclass(frozen=True, kw_only=True)
class LooseMembership:
    """As a version of the program with a fault publishes it."""

    topic: ClassVar[str] = "memberships"

    id: str
    customer_id: str
    tier: str | None
    status: str
    price_cents: int
    created_at: str
    updated_at: str


@dataclass(frozen=True, kw_only=True)
class LooseInteraction:
    topic: ClassVar[str] = "interactions"

    interaction_id: str
    customer_id: str
    session_id: str
    channel: str
    timestamp: str
    sealed_message: str
    sealed_response: str
    updated_at: str


@dataclass(frozen=True, kw_only=True)
class Other:
    topic: ClassVar[str] = "notices"

    template: str = "welcome"


class TestSchema:
    def test_every_table_has_its_key_and_day_among_its_required_fields(self) -> None:
        for table in TABLES.values():
            required = {field.name for field in table.fields if field.is_required}

            assert {*table.key, table.day or table.key[0], table.latest_by or table.key[0]} <= required

    def test_customer_records_that_the_law_keeps_are_kept_seven_years(self) -> None:
        kept = {table.topic for table in TABLES.values() if table.is_kept_by_law}

        assert {"age_verifications", "raffle_tickets", "raffle_transactions", "memberships"} <= kept
        assert {TABLES[topic].kept_days for topic in kept} == {7 * 365 + 2}

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"tier": None}, "tier"),
            ({"tier": 3}, "tier"),
            ({"price_cents": 197.5}, "price_cents"),
            ({"price_cents": True}, "price_cents"),
            ({"price_cents": 2**63}, "price_cents"),
            ({"created_at": "yesterday"}, "created_at"),
            ({"created_at": "2026-03-01T12:00:00"}, "created_at"),
            ({"colour": "gold"}, "colour"),
        ],
    )
    def test_bad_row_names_its_field(self, changes: Row, field: str) -> None:
        fault = TABLES["memberships"].fault(_membership(**changes))

        assert fault is not None
        assert fault.field == field

    def test_infinite_number_is_refused(self) -> None:
        fault = TABLES["interactions"].fault(_interaction(sentiment=float("nan")))

        assert fault == Fault("sentiment", "must be a finite number, not float")

    def test_times_may_be_objects(self) -> None:
        row = _membership(created_at=datetime(2026, 3, 1, tzinfo=UTC))

        assert TABLES["memberships"].fault(row) is None


@pytest.fixture
def open_lake(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Callable[[], DuckLake]]:
    """Each call is a process of its own, as far as the lake can tell."""
    opened: list[DuckLake] = []

    def open_another() -> DuckLake:
        opened.append(DuckLake(database_url, tmp_path / "warehouse", TABLES, now=clock))
        return opened[-1]

    yield open_another
    for lake in opened:
        lake.close()


@pytest.fixture
def lake(open_lake: Callable[[], DuckLake]) -> DuckLake:
    lake = open_lake()
    lake.ensure()
    return lake


def _rows(lake: DuckLake, table: str) -> list[Row]:
    return lake.query(f"SELECT * FROM {table} ORDER BY ALL")  # noqa: S608 - a table's own name


class TestDuckLake:
    def test_every_declared_table_is_made_and_nothing_drifts(self, lake: DuckLake) -> None:
        for table in TABLES.values():
            assert _rows(lake, table.name) == []
        assert lake.drift() == []

    def test_rows_come_back_as_they_went_in(self, lake: DuckLake) -> None:
        lake.append("interactions", [_interaction(intent="recommend", sentiment=0.5)])
        lake.append("purchases", [_purchase()])

        row = lake.query("SELECT * FROM customer_memory.interactions")[0]
        assert row["timestamp"] == datetime(2026, 3, 1, 12, tzinfo=UTC)
        assert (row["intent"], row["sentiment"], row["version"]) == ("recommend", 0.5, "1.0")
        purchase = lake.query("SELECT amount_cents, products[0] AS first FROM customer_memory.purchases")
        assert purchase == [{"amount_cents": 2800, "first": '"prd_1"'}]

    def test_row_that_comes_twice_is_kept_once(self, lake: DuckLake) -> None:
        lake.append("interactions", [_interaction(), _interaction()])
        lake.append("interactions", [_interaction(), _interaction(2)])

        assert len(_rows(lake, "customer_memory.interactions")) == 2

    def test_later_state_replaces_the_earlier_one(self, lake: DuckLake) -> None:
        cancelled = _membership(status="cancelled", updated_at="2026-03-02T12:00:00+00:00")

        lake.append("memberships", [_membership()])
        lake.append("memberships", [cancelled])
        lake.append("memberships", [_membership()])

        assert [row["status"] for row in _rows(lake, "commerce.memberships")] == ["cancelled"]

    def test_latest_of_one_batch_wins_whatever_its_place(self, lake: DuckLake) -> None:
        cancelled = _membership(status="cancelled", updated_at="2026-03-02T12:00:00+00:00")

        lake.append("memberships", [cancelled, _membership()])

        assert [row["status"] for row in _rows(lake, "commerce.memberships")] == ["cancelled"]

    def test_bad_row_is_told_and_the_others_are_taken(self, lake: DuckLake) -> None:
        rejected = lake.append("memberships", [_membership(1), _membership(2, tier=None), _membership(3)])

        assert [(each.position, str(each.fault)) for each in rejected] == [(1, "tier is missing")]
        assert len(_rows(lake, "commerce.memberships")) == 2

    def test_quotes_and_unicode_survive(self, lake: DuckLake) -> None:
        words = 'it\'s "péché" \\ \n 🌿; DROP TABLE x'

        lake.append("interactions", [_interaction(sealed_message=words)])

        assert _rows(lake, "customer_memory.interactions")[0]["sealed_message"] == words

    def test_parameters_are_values_never_sql(self, lake: DuckLake) -> None:
        lake.append("memberships", [_membership()])

        found = lake.query("SELECT id FROM commerce.memberships WHERE tier = $tier", {"tier": "' OR 1=1 --"})

        assert found == []

    def test_processes_write_at_once_and_lose_nothing(
        self, lake: DuckLake, open_lake: Callable[[], DuckLake]
    ) -> None:
        def write(own: DuckLake, first: int) -> None:
            for start in range(first, first + 50, 10):
                own.append("memberships", [_membership(number) for number in range(start, start + 10)])

        writers = [threading.Thread(target=write, args=(open_lake(), first)) for first in (0, 50, 25)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

        assert lake.query("SELECT count(*) AS n FROM commerce.memberships") == [{"n": 100}]

    def test_second_ensure_changes_nothing(self, lake: DuckLake, open_lake: Callable[[], DuckLake]) -> None:
        lake.append("memberships", [_membership()])

        open_lake().ensure()

        assert len(_rows(lake, "commerce.memberships")) == 1

    def test_drift_says_what_to_do(self, lake: DuckLake) -> None:
        lake.query("ALTER TABLE commerce.memberships DROP COLUMN cancel_reason")
        lake.query("ALTER TABLE commerce.memberships ADD COLUMN colour VARCHAR")
        lake.query("DROP TABLE commerce.orders")

        drift = lake.drift()

        assert drift == [
            "commerce.memberships.cancel_reason is missing: start the service once, or call ensure().",
            "commerce.memberships.colour is not declared: declare it in the schema, or drop it.",
            "commerce.orders is missing: start the service once, or call ensure().",
        ]

    def test_table_of_an_earlier_version_is_left_alone(self, lake: DuckLake) -> None:
        lake.query("CREATE TABLE customer_memory.audit_logs (id VARCHAR NOT NULL)")

        lake.ensure()
        lake.maintain()

        assert lake.drift() == []
        assert _rows(lake, "customer_memory.audit_logs") == []

    def test_ensure_mends_what_may_be_empty(self, lake: DuckLake) -> None:
        lake.query("ALTER TABLE commerce.memberships DROP COLUMN cancel_reason")

        lake.ensure()

        assert lake.drift() == []

    def test_lake_finds_its_way_back_after_postgres_was_away(
        self, tmp_path: Path, servers_folder: Path, clock: FakeClock
    ) -> None:
        server = EmbeddedPostgres(servers_folder / "away", durable=False)
        lake = DuckLake(server.start(), tmp_path / "warehouse", TABLES, now=clock)
        try:
            lake.ensure()
            server.stop()
            with pytest.raises(WarehouseUnavailable):
                lake.append("memberships", [_membership()])
            server.start()

            lake.append("memberships", [_membership()])

            assert len(_rows(lake, "commerce.memberships")) == 1
        finally:
            lake.close()
            server.stop()

    def test_folder_that_cannot_be_used_is_a_warehouse_that_is_away(
        self, open_lake: Callable[[], DuckLake], tmp_path: Path
    ) -> None:
        open_lake().ensure()
        folder, aside = tmp_path / "warehouse", tmp_path / "aside"
        folder.rename(aside)
        folder.touch()

        with pytest.raises(WarehouseUnavailable):
            open_lake().ensure()
        lake = open_lake()
        with pytest.raises(WarehouseUnavailable):
            lake.append("memberships", [_membership()])
        folder.unlink()
        aside.rename(folder)
        lake.append("memberships", [_membership()])

        assert len(_rows(lake, "commerce.memberships")) == 1


class TestErasure:
    def test_erased_customer_keeps_only_what_the_law_keeps(self, lake: DuckLake) -> None:
        lake.append("interactions", [_interaction(), _interaction(2, customer_id="cus_2")])
        lake.append("memberships", [_membership(1)])

        erased = lake.erase("cus_1")

        assert erased["customer_memory.interactions"] == 1
        assert [row["customer_id"] for row in _rows(lake, "customer_memory.interactions")] == ["cus_2"]
        assert len(_rows(lake, "commerce.memberships")) == 1

    @pytest.mark.parametrize("rows", [2, 60])
    def test_neither_files_nor_inlined_rows_hold_the_erased_after_the_night(
        self, lake: DuckLake, ledger: Ledger, tmp_path: Path, rows: int
    ) -> None:
        sealed = "k1:unmistakable"
        lake.append("interactions", [_interaction(n, sealed_message=f"{sealed}{n}") for n in range(rows)])
        lake.append("interactions", [_interaction(99, customer_id="cus_2", sealed_message="k2:other")])
        lake.erase("cus_1")

        lake.maintain()

        files = [path.read_bytes() for path in (tmp_path / "warehouse").rglob("*.parquet")]
        assert files
        assert not any(sealed.encode() in content for content in files)
        assert not any(sealed in text for text in _catalog_texts(ledger))
        assert len(_rows(lake, "customer_memory.interactions")) == 1

    def test_rows_past_their_retention_are_dropped(self, lake: DuckLake, clock: FakeClock) -> None:
        lake.append("interactions", [_interaction()])
        lake.append("memberships", [_membership()])
        clock.advance(timedelta(days=2 * 365 + 1))

        dropped = lake.maintain()

        assert (dropped["customer_memory.interactions"], dropped["commerce.memberships"]) == (1, 0)


def _catalog_texts(ledger: Ledger) -> list[str]:
    """Every row of the catalog but those that keep each column's extremes, which are sealed."""
    texts: list[str] = []
    with ledger.transaction() as connection:
        tables = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (CATALOG_SCHEMA,)
        )
        for (table,) in tables.all():
            if table == "ducklake_table_column_stats":
                continue
            whole = f'SELECT t::text FROM {CATALOG_SCHEMA}."{table}" t'  # noqa: S608 - a table's own name
            texts += connection.exec_driver_sql(whole).scalars()
    return texts


class TestFeed:
    def _parts(
        self, ledger: Ledger, clock: FakeClock, settings: Settings
    ) -> tuple[FakeWarehouse, Outbox, Relay]:
        warehouse = FakeWarehouse()
        feed = WarehouseFeed(warehouse, TABLES)
        relay = Relay(ledger, [feed.subscriber(settings.warehouse)], now=clock)
        return warehouse, Outbox(ledger, [subscription(TABLES)], now=clock), relay

    def test_nothing_is_lost_when_the_warehouse_is_down_for_an_hour(
        self, ledger: Ledger, clock: FakeClock, settings: Settings
    ) -> None:
        warehouse, outbox, relay = self._parts(ledger, clock, settings)
        warehouse.down = True
        for minute in range(60):
            for number in range(3):
                outbox.publish(LooseMembership(**_membership(minute * 3 + number)))
            relay.deliver("warehouse")
            clock.advance(timedelta(minutes=1))
        warehouse.down = False

        while relay.deliver("warehouse"):
            clock.advance(timedelta(seconds=1))

        assert len(warehouse.tables["memberships"]) == 180
        assert outbox.lag()[0].waiting == 0

    def test_bad_row_is_dead_lettered_and_its_batch_goes_on(
        self, ledger: Ledger, clock: FakeClock, settings: Settings
    ) -> None:
        warehouse, outbox, relay = self._parts(ledger, clock, settings)
        outbox.publish(LooseMembership(**_membership(1)))
        outbox.publish(LooseMembership(**_membership(2, tier=None)), event_id="evt_bad")
        outbox.publish(LooseInteraction(**_interaction()))
        clock.advance(timedelta(seconds=30))

        relay.deliver("warehouse")

        assert {topic: len(rows) for topic, rows in warehouse.tables.items()} == {
            "memberships": 1,
            "interactions": 1,
        }
        letters = [(letter.event_id, letter.reason) for letter in outbox.dead_letters()]
        assert letters == [("evt_bad", "tier is missing")]

    def test_dead_letter_that_still_does_not_fit_stays(
        self, ledger: Ledger, clock: FakeClock, settings: Settings
    ) -> None:
        _, outbox, relay = self._parts(ledger, clock, settings)
        outbox.publish(LooseMembership(**_membership(2, tier=None)))
        clock.advance(timedelta(seconds=30))
        relay.deliver("warehouse")

        retried = outbox.retry_dead_letters()
        relay.deliver("warehouse")

        assert (retried, len(outbox.dead_letters())) == (1, 1)

    def test_events_of_other_topics_are_not_for_the_warehouse(
        self, ledger: Ledger, clock: FakeClock, settings: Settings
    ) -> None:
        _, outbox, relay = self._parts(ledger, clock, settings)
        outbox.publish(Other())
        clock.advance(timedelta(seconds=30))

        assert relay.deliver("warehouse") == 0


def test_a_reader_of_a_lake_that_nobody_has_made_finds_it_away(emptied_url: str, tmp_path: Path) -> None:
    lake = DuckLake(emptied_url, tmp_path, TABLES, now=FakeClock(), read_only=True)

    with pytest.raises(WarehouseUnavailable):
        lake.drift()
