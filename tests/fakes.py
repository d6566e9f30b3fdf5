"""Fakes that implement the program's ports."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from api.containers.warehouse_tables import TABLES
from foundation.warehouse.base import Rejection, WarehouseUnavailable


class FakeClock:
    """A clock that advances only when a test moves it."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now


class FakeWarehouse:
    """Holds rows in memory by their table's key; raises while it is `down`."""

    def __init__(self) -> None:
        self.down = False
        self.tables: dict[str, dict[tuple[Any, ...], Mapping[str, Any]]] = {}

    def ensure(self) -> None:
        self._answer()

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> list[Rejection]:
        self._answer()
        declared = TABLES[table]
        faults = [declared.fault(row) for row in rows]
        for row, fault in zip(rows, faults, strict=True):
            if fault is None:
                self.tables.setdefault(table, {})[tuple(row[name] for name in declared.key)] = row
        return [Rejection(position, fault) for position, fault in enumerate(faults) if fault is not None]

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        raise NotImplementedError("a fake warehouse answers no SQL")

    def drift(self) -> list[str]:
        self._answer()
        return []

    def erase(self, customer_id: str) -> dict[str, int]:
        self._answer()
        erased = {}
        for name, rows in self.tables.items():
            if not TABLES[name].is_kept_by_law:
                theirs = [key for key, row in rows.items() if row.get("customer_id") == customer_id]
                erased[TABLES[name].name] = len([rows.pop(key) for key in theirs])
        return erased

    def maintain(self) -> dict[str, int]:
        self._answer()
        return {}

    def close(self) -> None:
        self.down = True

    def _answer(self) -> None:
        if self.down:
            raise WarehouseUnavailable
