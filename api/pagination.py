"""Cursor pagination: `limit` and `cursor` in the query string, `nextCursor` in the response.

A cursor holds the name of its list and the sort key of the last item. It is checked, not signed: it opens
nothing that its owner may not read.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import Field

from api.envelope import Page
from api.schemas.base import LONE_SURROGATE, PLAIN_TEXT, Matching
from foundation.errors import Invalid
from foundation.keyset import Keyset

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND

Item = TypeVar("Item")
Shown = TypeVar("Shown")
Key = tuple[int | str, ...]
Limit = Annotated[
    int,
    Query(ge=1, le=LARGEST_LIMIT, description="Largest number of items in the page.", examples=[20]),
]
Cursor = Annotated[
    Annotated[str, Matching(r"^[A-Za-z0-9_-]+$", "the `nextCursor` of a page"), Field(max_length=400)] | None,
    Query(
        description="Where the page begins: `nextCursor` of the page before. Without it, the first page.",
    ),
]


class BadCursor(Invalid):
    def __init__(self) -> None:
        expected = "the `nextCursor` of a page of this list"
        super().__init__(
            f"`cursor` is not valid here: send {expected}, or leave it out for the first page.",
            {"field": "cursor", "expected": expected},
        )


@dataclass(frozen=True)
class PageRequest:
    list_name: str
    limit: int
    place: Key | None
    """Sort key of the last item of the page before."""

    @property
    def fetched(self) -> int:
        """How many items to read: one more than are shown, to know whether there is a next page."""
        return self.limit + 1

    @property
    def after(self) -> Keyset | None:
        """For lists ordered by time and id."""
        if self.place is None:
            return None
        moment, row_id = self.place
        return Keyset(EPOCH + int(moment) * MICROSECOND, str(row_id))

    def of(
        self, found: Sequence[Item], show: Callable[[Item], Shown], *, key: Callable[[Item], Key]
    ) -> Page[Shown]:
        """The page of items that were read from the place on."""
        shown = found[: self.limit]
        more = len(found) > self.limit
        cursor = encoded(self.list_name, key(shown[-1])) if more else None
        return Page(data=[show(each) for each in shown], next_cursor=cursor)

    def cut(
        self, items: Iterable[Item], show: Callable[[Item], Shown], *, key: Callable[[Item], Key]
    ) -> Page[Shown]:
        """The page of a list that is held whole, ordered by the key."""
        ordered = sorted(items, key=key)
        left = [each for each in ordered if self.place is None or key(each) > self.place]
        return self.of(left, show, key=key)


@dataclass(frozen=True)
class PageOf:
    """Dependency on the page parameters of one list, whose sort key has parts of these types."""

    list_name: str
    parts: tuple[type[int] | type[str], ...] = (int, str)

    async def __call__(self, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> PageRequest:
        place = None if cursor is None else decoded(cursor, self.list_name, self.parts)
        return PageRequest(self.list_name, limit, place)


def time_key(at: datetime, row_id: str) -> Key:
    """The earliest first."""
    return ((at - EPOCH) // MICROSECOND, row_id)


def newest_key(at: datetime, row_id: str) -> Key:
    """The latest first, for a list that is held whole."""
    return (-((at - EPOCH) // MICROSECOND), row_id)


def encoded(list_name: str, key: Key) -> str:
    text = json.dumps([list_name, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(cursor: str, list_name: str, parts: Sequence[type[int] | type[str]]) -> Key:
    """The key in a cursor.

    Raises:
        BadCursor: it is none, or one of another list.
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if not isinstance(found, list) or not found or found[0] != list_name:
        raise BadCursor
    key = tuple(found[1:])
    if [type(each) for each in key] != list(parts):
        raise BadCursor
    if not all(map(_is_sound, key)):
        raise BadCursor
    return key


def _is_sound(part: int | str) -> bool:
    """A moment that a date can hold, or text that a database can."""
    if isinstance(part, int):
        return EARLIEST <= part <= LATEST
    return re.search(PLAIN_TEXT, part) is not None and not LONE_SURROGATE.search(part)
