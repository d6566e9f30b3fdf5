"""Purchases of real shops, split at a day into known and future ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from memory.predictions.repertoire import Lines
from memory.predictions.rhythm import Purchases

Split = tuple[str, str, str]
"""A file, the first day to forecast, and the number of days."""
VISITS: Sequence[Split] = (
    ("CDNOW_sample.txt", "1997-10-01", "273"),
    ("journey_visits.parquet", "2017-10-01", "90"),
)
LINES: Sequence[Split] = (("journey_top300.parquet", "2017-11-01", "30"),)
CDNOW_COLUMNS = 4
"""Customer, date, units and dollars; a sample has a second number after the customer's."""


@dataclass(frozen=True)
class Visits:
    name: str
    purchases: Purchases
    today: int
    days: int


@dataclass(frozen=True)
class Baskets:
    name: str
    lines: Lines
    products: int
    today: int
    days: int


def visits(folder: Path, split: Split) -> Visits:
    """Read text in CDNOW's format, or Parquet with a customer, `date` and `amount`."""
    path, today, days = _find(folder, split)
    columns = _text(path) if path.suffix == ".txt" else _parquet(path, "amount")
    customer, day, dollars = columns
    purchases = Purchases(_numbered(customer), day.astype(np.int64), 100 * dollars.astype(np.float64))
    return Visits(_name(path, split), purchases, today, days)


def baskets(folder: Path, split: Split) -> Baskets:
    """Read Parquet with a customer, `date` and `product_id`."""
    path, today, days = _find(folder, split)
    customer, day, product = _parquet(path, "product_id")
    product = _numbered(product)
    lines = Lines(_numbered(customer), day.astype(np.int64), product)
    return Baskets(_name(path, split), lines, 1 + int(product.max()), today, days)


def _name(path: Path, split: Split) -> str:
    return f"{path.stem} from {split[1]}"


def _find(folder: Path, split: Split) -> tuple[Path, int, int]:
    file, today, days = split
    return folder / file, date.fromisoformat(today).toordinal(), int(days)


def _numbered(values: NDArray[np.generic]) -> NDArray[np.int64]:
    _, numbers = np.unique(values, return_inverse=True)
    return np.asarray(numbers, np.int64)


def _text(path: Path) -> tuple[NDArray[np.generic], ...]:
    rows = [row for row in map(str.split, path.read_text().splitlines()) if row and row[0].isdigit()]
    dated = len(rows[0]) - CDNOW_COLUMNS + 1
    day = [date.fromisoformat(row[dated]).toordinal() for row in rows]
    return (
        np.array([row[0] for row in rows]),
        np.array(day, np.int64),
        np.array([float(row[-1]) for row in rows]),
    )


def _parquet(path: Path, column: str) -> tuple[NDArray[np.generic], ...]:
    """The first column names the customer."""
    with duckdb.connect() as connection:
        file = {"path": str(path)}
        first = connection.execute("DESCRIBE FROM read_parquet($path)", file).fetchall()[0][0]
        wanted = f"""
            SELECT "{first}" AS customer, "{column}" AS wanted, date::DATE - DATE '1970-01-01' AS day
            FROM read_parquet($path)
        """  # noqa: S608 - the names are the file's own
        rows = connection.execute(wanted, file).fetchnumpy()
    epoch = date(1970, 1, 1).toordinal()
    return np.asarray(rows["customer"]), np.asarray(rows["day"]) + epoch, np.asarray(rows["wanted"])
