"""Personal data in the ledger: export it, erase it, and search for what is left."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    MetaData,
    String,
    Table,
    Text,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from foundation.crypto import DataKeys, KeyShredded, SealBroken
from foundation.personal import Kept, Personal, declaration_of
from foundation.sql import Ledger


@dataclass(frozen=True)
class Left:
    """Something that should be gone."""

    store: str
    place: str
    count: int


@dataclass(frozen=True)
class Traces:
    """What identifies a customer's data in a search."""

    customer_id: str
    marks: tuple[str, ...] = field(default=(), repr=False)
    """Words that identify the customer, such as the e-mail address: every occurrence is a trace."""
    phrases: tuple[str, ...] = field(default=(), repr=False)
    """Words of theirs that others may have used too: a trace where nobody else has."""


class PersonalRows:
    """The rows of a customer over all tables of the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        metadata: MetaData,
        data_keys: DataKeys,
        *,
        spared: Mapping[str, ColumnElement[bool]] | None = None,
    ) -> None:
        """`spared`: rows that are deleted later by other means, by table."""
        self._ledger = ledger
        self._tables = metadata.sorted_tables
        self._data_keys = data_keys
        self._spared = spared or {}

    def erase(self, customer_id: str) -> dict[str, int]:
        """In one transaction: delete their rows, blank what the law keeps; how many rows, by table."""
        touched = {}
        with self._ledger.transaction() as connection:
            for table, said in _personal(reversed(self._tables)):
                theirs = self._theirs(table, said, customer_id)
                if said.kept is None:
                    touched[table.name] = connection.execute(delete(table).where(theirs)).rowcount
                elif said.kept.blanks:
                    blanked = update(table).where(theirs).values(_blanks(table, said.kept))
                    touched[table.name] = connection.execute(blanked).rowcount
        return {name: count for name, count in touched.items() if count}

    def export(self, customer_id: str) -> dict[str, list[dict[str, Any]]]:
        """Every row of theirs, opened where it is sealed, by table."""
        rows = {}
        with self._ledger.transaction() as connection:
            for table, said in _personal(self._tables):
                theirs = select(table).where(said.owned(table, customer_id)).order_by(*table.primary_key)
                found = connection.execute(theirs).mappings()
                rows[table.name] = [self._opened(row, said, customer_id) for row in found]
        return {name: found for name, found in rows.items() if found}

    def left(self, traces: Traces) -> list[Left]:
        """Tables in which the ledger still has data of the customer; rows kept by law may hold their id."""
        found = []
        with self._ledger.transaction() as connection:
            for table in self._tables:
                mentioning = select(func.count()).select_from(table).where(self._mentions(table, traces))
                count = connection.execute(mentioning).scalar_one()
                found += [Left("ledger", table.name, count)] if count else []
        return found

    def _theirs(self, table: Table, said: Personal, customer_id: str) -> ColumnElement[bool]:
        return said.owned(table, customer_id) & not_(self._spared.get(table.name, false()))

    def _mentions(self, table: Table, traces: Traces) -> ColumnElement[bool]:
        """The rows that still hold data of the customer and should not."""
        said = declaration_of(table)
        text = _text(table)
        if said is None:
            return _holds(text, (traces.customer_id, *traces.marks, *traces.phrases))
        theirs = self._theirs(table, said, traces.customer_id)
        if said.kept:
            return _holds(text, traces.marks) | (theirs & _holds(text, traces.phrases))
        is_named = _holds(text, (traces.customer_id,)) & not_(self._spared.get(table.name, false()))
        return theirs | is_named | _holds(text, traces.marks)

    def _opened(self, row: Mapping[Any, Any], said: Personal, customer_id: str) -> dict[str, Any]:
        under = row[said.sealed_under] if said.sealed_under else customer_id
        return {
            name: self._open(under, value, said.sealed[name].format(**row)) if name in said.sealed else value
            for name, value in row.items()
            if name not in said.withheld
        }

    def _open(self, under: str, sealed: str | None, context: str) -> str | None:
        """None for what can no longer be opened."""
        if sealed is None:
            return None
        try:
            return self._data_keys.open(under, sealed, context=context)
        except (KeyShredded, SealBroken):
            return None


def _personal(tables: Iterable[Table]) -> Iterator[tuple[Table, Personal]]:
    for table in tables:
        said = declaration_of(table)
        if said is not None:
            yield table, said


def _blanks(table: Table, kept: Kept) -> dict[str, Any]:
    return {name: value(table) if callable(value) else value for name, value in kept.blanks.items()}


def _text(table: Table) -> ColumnElement[str]:
    """All text of a row."""
    wordy = [column for column in table.columns if isinstance(column.type, String | JSON | ARRAY)]
    return func.concat_ws(" ", *(column.cast(Text) for column in wordy))


def _holds(text: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
    return or_(false(), *(text.contains(word, autoescape=True) for word in words))
