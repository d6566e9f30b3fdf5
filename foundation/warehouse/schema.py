"""How a row that is a frozen dataclass becomes a table: its columns, its checks and its retention."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, Required, TypedDict, Unpack, get_args, get_origin, get_type_hints

from foundation.outbox.payloads import Payload

INT64_LIMIT = 2**63


class FieldType(StrEnum):
    """BigQuery's names."""

    STRING = "STRING"
    INT64 = "INT64"
    FLOAT64 = "FLOAT64"
    BOOL = "BOOL"
    TIMESTAMP = "TIMESTAMP"
    DATE = "DATE"
    JSON = "JSON"


@dataclass(frozen=True)
class Field:
    name: str
    type: FieldType
    is_required: bool


@dataclass(frozen=True)
class Fault:
    """Why a row is rejected: the field, and what is expected."""

    field: str
    complaint: str

    def __str__(self) -> str:
        return f"{self.field} {self.complaint}"


@dataclass(frozen=True)
class Table:
    name: str
    """Qualified by its dataset."""
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    day: str | None = None
    """The field by whose day the table is partitioned and its retention counted."""
    kept_days: int | None = None
    """None keeps a row until a later one replaces it."""
    latest_by: str | None = None
    """A row replaces the one of its key when this field is later; without it, the first row stays."""
    is_kept_by_law: bool = False
    """An erased customer's rows stay; the personal fields in them are sealed and can no longer be opened."""
    version: str = "1.0"

    @property
    def topic(self) -> str:
        return self.name.split(".")[1]

    @property
    def dataset(self) -> str:
        return self.name.split(".")[0]

    @property
    def names_customer(self) -> bool:
        return any(field.name == "customer_id" for field in self.fields)

    def fault(self, row: Mapping[str, Any]) -> Fault | None:
        """The first thing wrong with a row; None when it fits."""
        for field in self.fields:
            value = row.get(field.name)
            if value is None:
                if field.is_required:
                    return Fault(field.name, "is missing")
            elif not _FITS[field.type](value):
                return Fault(field.name, f"must be {_EXPECTED[field.type]}, not {type(value).__name__}")
        known = {field.name for field in self.fields}
        return next((Fault(name, f"is no field of {self.name}") for name in row if name not in known), None)


class TableRules(TypedDict, total=False):
    """What the dataclass cannot say of its table; see `Table`."""

    key: Required[tuple[str, ...]]
    day: str
    kept_days: int
    latest_by: str
    is_kept_by_law: bool


_COLUMNS: Mapping[type, FieldType] = {
    str: FieldType.STRING,
    bool: FieldType.BOOL,
    int: FieldType.INT64,
    float: FieldType.FLOAT64,
    datetime: FieldType.TIMESTAMP,
    date: FieldType.DATE,
}


def _is_timestamp(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_date(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -INT64_LIMIT <= value < INT64_LIMIT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_FITS: dict[FieldType, Callable[[object], bool]] = {
    FieldType.STRING: lambda value: isinstance(value, str),
    FieldType.INT64: _is_whole,
    FieldType.FLOAT64: _is_number,
    FieldType.BOOL: lambda value: isinstance(value, bool),
    FieldType.TIMESTAMP: _is_timestamp,
    FieldType.DATE: _is_date,
    FieldType.JSON: lambda value: isinstance(value, Mapping | list | tuple | str | int | float | bool),
}
_EXPECTED = {
    FieldType.STRING: "text",
    FieldType.INT64: "a whole number of 64 bits",
    FieldType.FLOAT64: "a finite number",
    FieldType.BOOL: "true or false",
    FieldType.TIMESTAMP: "a time with its offset from UTC, such as 2026-03-01T12:00:00+00:00",
    FieldType.DATE: "a date such as 2026-03-01",
    FieldType.JSON: "something that JSON can say",
}


def table_of(row: type[Payload], dataset: str, **rules: Unpack[TableRules]) -> Table:
    """The table of a frozen dataclass: a column for each field, in order, and one for the row's version.

    A field that may be None is a column that may be empty.
    """
    hints = get_type_hints(row)
    columns = [_column(each.name, hints[each.name]) for each in fields(row)]
    version = Field("version", FieldType.STRING, is_required=False)
    return Table(f"{dataset}.{row.topic}", fields=(*columns, version), **rules)


def by_topic(*tables: Table) -> dict[str, Table]:
    return {table.topic: table for table in tables}


def _column(name: str, hint: object) -> Field:
    several = get_args(hint) if get_origin(hint) is UnionType else (hint,)
    [kind] = {_field_type(each) for each in several if each is not NoneType}
    return Field(name, kind, is_required=NoneType not in several)


def _field_type(hint: object) -> FieldType:
    if get_origin(hint) is Literal:
        return _field_type(type(get_args(hint)[0]))
    classes = hint.__mro__ if isinstance(hint, type) else ()
    return next((_COLUMNS[each] for each in classes if each in _COLUMNS), FieldType.JSON)
