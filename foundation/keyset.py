"""Keyset pagination: where a page of a list begins, for lists ordered by time and then by id."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement


@dataclass(frozen=True)
class Keyset:
    """The last row of the page before."""

    at: datetime
    id: str


def older(at: Column[datetime], row_id: Column[str], place: Keyset) -> ColumnElement[bool]:
    """Rows that follow in a list of the latest first; rows of one moment are ordered by id."""
    return (at < place.at) | ((at == place.at) & (row_id > place.id))


def newer(at: Column[datetime], row_id: Column[str], place: Keyset) -> ColumnElement[bool]:
    """Rows that follow in a list of the earliest first; rows of one moment are ordered by id."""
    return (at > place.at) | ((at == place.at) & (row_id > place.id))
