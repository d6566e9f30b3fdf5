"""Weekly sales of many products, of a real shop or of a generated one."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from commerce.demand.models import WEEK
from demo.generator.config import ShopConfig
from demo.generator.shop import Shard, Shop

SYNTHETIC = "synthetic"
COMPLETE_JOURNEY = "journey_top300.parquet"
GENERATED_WEEKS = 52
DAILY = """
    WITH first AS (SELECT min(date::DATE) AS day FROM read_parquet($path))
    SELECT product_id, date::DATE - first.day AS day, sum(quantity) AS sold,
        isodow(any_value(first.day)) AS weekday
    FROM read_parquet($path), first GROUP BY ALL
"""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weeks:
    """Shape (products, weeks): units sold, and the demand if everything had been in stock."""

    name: str
    sold: Floats
    wanted: Floats


def read(path: Path) -> Weeks:
    """Read whole weeks, Monday to Sunday, from a file of dates, products and quantities, or its folder."""
    file = {"path": str(path / COMPLETE_JOURNEY if path.is_dir() else path)}
    with duckdb.connect() as connection:
        rows = connection.execute(DAILY, file).fetchnumpy()
    _, product = np.unique(rows["product_id"], return_inverse=True)
    day = np.asarray(rows["day"], dtype=np.int64)
    until_monday = (1 - rows["weekday"][0]) % WEEK
    sold = _weekly(product, day - until_monday, np.asarray(rows["sold"], dtype=np.float64))
    return Weeks(Path(file["path"]).stem, sold, sold)


def generate(seed: int, *, customers: int) -> Weeks:
    """A year of a generated shop with seasons and stock-outs."""
    shard = Shop(ShopConfig(seed=seed, customers=customers, days=GENERATED_WEEKS * WEEK)).shard(0)
    products = 1 + int(shard.wanted_lines.product.max())
    wanted = _bought(shard, products, every=True)
    often = wanted.sum(axis=1) >= GENERATED_WEEKS
    return Weeks(SYNTHETIC, _bought(shard, products, every=False)[often], wanted[often])


def _bought(shard: Shard, products: int, *, every: bool) -> Floats:
    visits, lines = (shard.wanted_visits, shard.wanted_lines) if every else (shard.visits, shard.lines)
    day = np.floor(visits.at[lines.visit]).astype(np.int64)
    return _weekly(lines.product, day, lines.quantity.astype(np.float64), products=products)


def _weekly(product: NDArray[np.int64], day: NDArray[np.int64], sold: Floats, *, products: int = 0) -> Floats:
    """Sums of whole weeks from day 0 on."""
    weeks = int(day.max() + 1) // WEEK
    whole = (day >= 0) & (day < weeks * WEEK)
    table = np.zeros((max(products, 1 + int(product.max())), weeks))
    np.add.at(table, (product[whole], day[whole] // WEEK), sold[whole])
    return table
