"""Snapshots of all rows of the ledger, and the differences between two snapshots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, Table, func, literal_column, select

from foundation.sql import Ledger, metadata

Row = Mapping[str, Any]
"""Without binary columns, which are derived from others."""
Key = tuple[str, ...]
"""The values of a row's primary key."""
Snapshot = Mapping[str, Mapping[Key, Row]]
"""Rows by table and key, as JSON."""

DERIVED = frozenset({"outbox_deliveries"})
"""Tables whose rows follow from those of others and from the progress of the relay."""


@dataclass(frozen=True)
class Change:
    """A row before and after; None where it does not exist."""

    table: str
    before: Row | None
    after: Row | None

    @property
    def row(self) -> Row:
        row = self.after or self.before
        if row is None:
            raise ValueError(f"{self.table}: a change without a row")
        return row

    def __str__(self) -> str:
        if self.before is None:
            return f"new in {self.table}: {_summary(self.row)}"
        if self.after is None:
            return f"gone from {self.table}: {_summary(self.row)}"
        differs = {k: (self.before.get(k), v) for k, v in self.after.items() if self.before.get(k) != v}
        shown = ", ".join(f"{column} {old!r} -> {new!r}" for column, (old, new) in differs.items())
        return f"changed in {self.table}: {shown[:200]}"


def take_snapshot(ledger: Ledger) -> Snapshot:
    """Every table in the metadata, so that new ones are included automatically."""
    watched = [table for table in metadata.sorted_tables if table.name not in DERIVED]
    with ledger.transaction() as connection:
        found = {table: connection.scalars(_as_json(table)).all() for table in watched}
    return {table.name: {_key(table, row): row for row in rows} for table, rows in found.items()}


def differences(before: Snapshot, after: Snapshot) -> list[Change]:
    return [
        Change(table, old, new)
        for table in after
        for key in before[table].keys() | after[table].keys()
        if (old := before[table].get(key)) != (new := after[table].get(key))
    ]


def rows_of(changes: Sequence[Change], table: str) -> list[Row]:
    """The new rows of a table."""
    return [change.row for change in changes if change.table == table and change.before is None]


def _as_json(table: Table) -> Select[Row]:
    row: ColumnElement[Any] = func.to_jsonb(literal_column(table.name))
    for column in table.columns:
        if isinstance(column.type, LargeBinary):
            row = row.op("-")(column.name)
    return select(row).select_from(table)


def _key(table: Table, row: Row) -> Key:
    return tuple(str(row[column.name]) for column in table.primary_key)


def _summary(row: Row) -> str:
    shown = ", ".join(f"{column}={value}" for column, value in row.items() if value is not None)
    return shown[:200]
