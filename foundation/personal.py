"""Declares which personal data a table holds, and what an erasure does with it.

Each table of the ledger declares it beside its columns, by `info=personal(…)` or `info=IMPERSONAL`;
exports, erasures and the search for what is left use that declaration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Table, select

INFO = "personal"
BOOKS = "books of the business: seven years"
LOTTERY = "records of a lottery: seven years"
IMPERSONAL: dict[str, Any] = {INFO: None}
"""The `info` of a table that holds nothing of any customer."""

Owned = Callable[[Table, str], ColumnElement[bool]]
"""Which rows of the table are a customer's."""


@dataclass(frozen=True)
class Kept:
    """Rows that stay: the law or reason for it, and what their columns are set to."""

    because: str
    blanks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Personal:
    owned: Owned
    kept: Kept | None
    """None when the rows are deleted."""
    sealed: Mapping[str, str]
    """The context under which each sealed column opens; `{column}` in it is the row's."""
    sealed_under: str
    """The column that names the data key; the customer's own without it."""
    withheld: frozenset[str]
    """Columns that an export leaves out: secrets, and what means nothing to anybody."""


def personal(
    owner: str | Owned,
    *,
    kept: Kept | None = None,
    sealed: Mapping[str, str] | None = None,
    sealed_under: str = "",
    withheld: Sequence[str] = (),
) -> dict[str, Any]:
    """The `info` of a table whose rows are customers'; `owner` names the column of their id."""
    owned = owner if callable(owner) else named_by(owner)
    said = Personal(
        owned,
        kept=kept,
        sealed=sealed or {},
        sealed_under=sealed_under,
        withheld=frozenset(withheld),
    )
    return {INFO: said}


def named_by(column: str) -> Owned:
    return lambda table, customer_id: table.c[column] == customer_id


def through(column: str, parent: Column[Any]) -> Owned:
    """The rows whose `column` points to the customer's rows of another personal table."""

    def owned(table: Table, customer_id: str) -> ColumnElement[bool]:
        theirs = _owned(parent.table, customer_id)
        return table.c[column].in_(select(parent).where(theirs))

    return owned


def in_document(column: str, *path: str) -> Owned:
    """The rows whose JSON document names the customer there."""
    return lambda table, customer_id: table.c[column][path].astext == customer_id


def declaration_of(table: Table) -> Personal | None:
    """None for a table that holds nothing of any customer.

    Raises:
        KeyError: the table has no declaration.
    """
    said: Personal | None = table.info[INFO]
    return said


def _owned(table: FromClause, customer_id: str) -> ColumnElement[bool]:
    said = declaration_of(table) if isinstance(table, Table) else None
    if said is None or not isinstance(table, Table):
        raise TypeError(f"{table} is nobody's: nothing is owned through it")
    return said.owned(table, customer_id)
