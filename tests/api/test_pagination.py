import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from api.pagination import BadCursor, Key, PageRequest, decoded, encoded, newest_key, time_key

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARTS = (int, str)


def cursor(*content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def request(place: Key | None = None, *, limit: int = 2) -> PageRequest:
    return PageRequest("orders", limit, place)


def test_cursor_gives_back_the_key() -> None:
    key = time_key(MOMENT + timedelta(microseconds=7), "ord_1")

    assert decoded(encoded("orders", key), "orders", PARTS) == key
    assert request(key).after is not None
    assert request(key).after.at == MOMENT + timedelta(microseconds=7)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "bad",
    [
        "!",
        "AAAA",
        cursor(),
        cursor("payments", 1, "ord_1"),
        cursor("orders", 1),
        cursor("orders", "1", "ord_1"),
        cursor("orders", 1.5, "ord_1"),
        cursor("orders", 10**30, "ord_1"),
        cursor("orders", 1, "\x00"),
        cursor("orders", 1, "\ud800"),
        base64.urlsafe_b64encode(b'{"orders": 1}').decode(),
    ],
)
def test_cursor_of_another_kind_is_refused(bad: str) -> None:
    with pytest.raises(BadCursor):
        decoded(bad, "orders", PARTS)


def test_pages_hold_every_item_once() -> None:
    items = [(MOMENT - timedelta(minutes=number // 3), f"ord_{number}") for number in range(7)]
    seen, place = [], None
    for _ in range(4):
        page = request(place).cut(items, lambda item: item[1], key=lambda item: newest_key(*item))
        seen += page.data
        place = decoded(page.next_cursor, "orders", PARTS) if page.next_cursor else None

    assert seen == [item[1] for item in items]
    assert place is None


def test_item_that_is_gone_does_not_lose_the_place() -> None:
    items = [(MOMENT, f"ord_{number}") for number in range(5)]

    page = request(time_key(MOMENT, "ord_2")).cut(
        [*items[:2], *items[3:]], lambda item: item[1], key=lambda item: time_key(*item)
    )

    assert page.data == ["ord_3", "ord_4"]


def test_last_page_has_no_cursor() -> None:
    items = [(MOMENT, "ord_1"), (MOMENT, "ord_2")]

    assert request().of(items, lambda item: item[1], key=lambda item: time_key(*item)).next_cursor is None
