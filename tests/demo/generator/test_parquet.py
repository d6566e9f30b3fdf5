from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from demo.generator.config import ShopConfig
from demo.generator.parquet import FolderTakenError, write
from demo.generator.shop import Shop
from demo.generator.talk import exchanges

SMALL = ShopConfig(customers=600, customers_a_shard=200)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "out"
    write(Shop(SMALL), folder, progress=lambda _: None)
    return folder


class TestSameBytes:
    CONFIG = ShopConfig(customers=300, customers_a_shard=100)

    def test_same_seed_writes_the_same_bytes(self, tmp_path: Path) -> None:
        written = [self._write(self.CONFIG, tmp_path / name) for name in ("a", "b")]

        assert written[0] == written[1]
        assert len(written[0]) > 20

    def test_another_seed_writes_other_bytes(self, tmp_path: Path) -> None:
        one, two = (self._write(replace(self.CONFIG, seed=seed), tmp_path / str(seed)) for seed in (1, 2))

        assert all(one[path] != two[path] for path in one if path.startswith("purchases"))

    def test_order_of_the_shards_does_not_matter(self) -> None:
        forward, backward = Shop(self.CONFIG), Shop(self.CONFIG)
        first = [forward.shard(number) for number in (0, 1, 2)]

        last = [backward.shard(number) for number in (2, 1, 0)][::-1]

        for one, two in zip(first, last, strict=True):
            assert np.array_equal(one.visits.at, two.visits.at)
            assert np.array_equal(one.lines.product, two.lines.product)
            assert np.array_equal(one.entries.at, two.entries.at)
            assert list(exchanges(one.talks, forward.shelf)) == list(exchanges(two.talks, backward.shelf))

    def test_a_switch_moves_only_what_it_names(self) -> None:
        correlated = Shop(replace(self.CONFIG, spend_follows_rate=0.8)).shard(0)

        plain = Shop(self.CONFIG).shard(0)

        assert np.array_equal(plain.wanted_visits.at, correlated.wanted_visits.at)
        assert len(plain.lines.visit) != len(correlated.lines.visit)

    @staticmethod
    def _write(config: ShopConfig, folder: Path) -> dict[str, bytes]:
        write(Shop(config), folder, progress=lambda _: None)
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class TestParquet:
    def test_tickets_are_numbered_without_a_gap(self, folder: Path) -> None:
        tickets = duckdb.read_parquet(f"{folder}/raffle_tickets.parquet")

        ranges = tickets.aggregate(
            "min(ticket_number), max(ticket_number), count(*), count(DISTINCT ticket_number)", "raffle_id"
        ).fetchall()

        assert len(ranges) == 8
        assert all(low == 1 and high == count == distinct for low, high, count, distinct in ranges)

    def test_tables_refer_to_each_other(self, folder: Path) -> None:
        lines = _column(folder / "purchase_lines", "order_id")

        assert set(lines) == set(_column(folder / "purchases", "order_id"))
        for table in ("purchases", "memberships", "raffle_entries", "interactions", "truth/customers"):
            assert set(_column(folder / table, "customer_id")) <= set(
                _column(folder / "customers", "customer_id")
            )

    def test_truth_is_kept_apart(self, folder: Path) -> None:
        public = duckdb.read_parquet(f"{folder}/customers/*.parquet").columns
        truth = duckdb.read_parquet(f"{folder}/truth/customers/*.parquet").columns

        assert set(public) & set(truth) == {"customer_id"}
        assert {"lambda", "p", "died_at", "tastes", "next_top10", "new_top10"} <= set(truth)

    def test_same_shop_is_not_written_twice(self, folder: Path) -> None:
        assert write(Shop(SMALL), folder, progress=lambda _: None) is False

    def test_folder_of_another_shop_is_left_alone(self, folder: Path) -> None:
        with pytest.raises(FolderTakenError, match="another shop"):
            write(Shop(ShopConfig(customers=601)), folder, progress=lambda _: None)


def _column(folder: Path, name: str) -> list[str]:
    return [value for (value,) in duckdb.read_parquet(f"{folder}/*.parquet").select(name).fetchall()]
