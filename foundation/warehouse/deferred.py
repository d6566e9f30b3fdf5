"""A warehouse whose engine is loaded with the first statement: most processes never send one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from foundation.lazy import Lazy
from foundation.warehouse.base import Rejection, Row, Warehouse


class DeferredWarehouse:
    def __init__(self, open_engine: Callable[[], Warehouse]) -> None:
        self._engine = Lazy(open_engine)

    def ensure(self) -> None:
        self._engine().ensure()

    def append(self, table: str, rows: Sequence[Row]) -> list[Rejection]:
        return self._engine().append(table, rows)

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return self._engine().query(sql, parameters)

    def drift(self) -> list[str]:
        return self._engine().drift()

    def erase(self, customer_id: str) -> dict[str, int]:
        return self._engine().erase(customer_id)

    def maintain(self) -> dict[str, int]:
        return self._engine().maintain()

    def close(self) -> None:
        if self._engine.is_made:
            self._engine().close()
