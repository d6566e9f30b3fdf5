"""The port of a warehouse, whichever engine implements it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from foundation.errors import Unavailable
from foundation.warehouse.schema import Fault

Row = Mapping[str, Any]
CATALOG_SCHEMA = "warehouse_catalog"
"""The schema of the ledger's PostgreSQL in which the embedded warehouse keeps its catalogue."""


class WarehouseUnavailable(Unavailable):
    def __init__(self) -> None:
        super().__init__("The shop's statistics cannot be reached just now; please try again in a minute.")


@dataclass(frozen=True)
class Rejection:
    """A row that does not fit its table: its position among the given rows, and why."""

    position: int
    fault: Fault


class Warehouse(Protocol):
    """Every method raises WarehouseUnavailable when the engine does not answer."""

    def ensure(self) -> None:
        """Create what is missing: datasets, tables, nullable columns."""

    def append(self, table: str, rows: Sequence[Row]) -> list[Rejection]:
        """Add rows to the topic's table, each once by the table's key; returns those that do not fit."""

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows of a SELECT; `$name` in it stands for a parameter."""

    def drift(self) -> list[str]:
        """Where the tables differ from their declaration, each with what to do about it."""

    def erase(self, customer_id: str) -> dict[str, int]:
        """Delete the customer's rows, except those that the law keeps; how many, by table."""

    def maintain(self) -> dict[str, int]:
        """Every night: delete for good what is past its retention; how many rows, by table."""

    def close(self) -> None: ...
