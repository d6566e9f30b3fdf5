from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.memberships.periods import days_after, days_left, end_of_period, months_after, prorated
from foundation.money import Money

CHICAGO = ZoneInfo("America/Chicago")
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
CENTS = st.integers(0, 100_000_00)


def on_the_wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO).astimezone(UTC)


def ends(at: str, count: int) -> list[str]:
    """The ends of that many periods, on the wall of the shop."""
    anchor = start = on_the_wall(at)
    found = []
    for _ in range(count):
        start = end_of_period(anchor, start, CHICAGO)
        found.append(start.astimezone(CHICAGO).strftime("%Y-%m-%dT%H:%M"))
    return found


@pytest.mark.parametrize(
    ("began", "expected"),
    [
        ("2026-01-31T12:00", ["2026-02-28T12:00", "2026-03-31T12:00", "2026-04-30T12:00"]),
        ("2028-01-31T12:00", ["2028-02-29T12:00", "2028-03-31T12:00"]),
        ("2026-11-30T12:00", ["2026-12-30T12:00", "2027-01-30T12:00", "2027-02-28T12:00"]),
        ("2026-12-31T23:59", ["2027-01-31T23:59", "2027-02-28T23:59"]),
        ("2026-02-08T02:30", ["2026-03-08T03:30", "2026-04-08T02:30"]),
        ("2026-10-01T01:30", ["2026-11-01T01:30", "2026-12-01T01:30"]),
    ],
    ids=["month ends", "leap year", "year end", "last minute", "spring forward", "fall back"],
)
def test_periods_end_on_the_day_and_hour_they_began(began: str, expected: list[str]) -> None:
    assert ends(began, len(expected)) == expected


@given(MOMENTS, st.integers(1, 40))
def test_periods_follow_one_another_and_never_drift(anchor: datetime, months: int) -> None:
    start = months_after(anchor, months - 1, CHICAGO)

    end = end_of_period(anchor, start, CHICAGO)

    assert end == months_after(anchor, months, CHICAGO)
    assert timedelta(days=27, hours=22) <= end - start <= timedelta(days=31, hours=2)


def test_days_after_keep_the_hour_of_the_shop() -> None:
    failed = on_the_wall("2026-03-07T09:00")

    assert days_after(failed, 3, CHICAGO) == on_the_wall("2026-03-10T09:00")


@given(MOMENTS, st.integers(0, 31 * 24))
def test_some_days_are_left_and_never_more_than_there_are(start: datetime, hours: int) -> None:
    end = end_of_period(start, start, CHICAGO)

    left, whole = days_left(start, end, start + timedelta(hours=hours), CHICAGO)

    assert 1 <= left <= whole <= 31


@given(CENTS, st.integers(1, 31), st.data())
def test_what_is_left_and_what_is_used_add_up_to_the_whole(
    cents: int, whole: int, data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, whole))

    part = prorated(Money(cents), left=left, whole=whole)

    assert prorated(Money(cents), left=whole, whole=whole) == Money(cents)
    assert prorated(Money(cents), left=0, whole=whole) == Money(0)
    assert Money(0) <= part <= Money(cents)
    assert abs(part.cents * whole - cents * left) * 2 <= whole


@given(CENTS, st.integers(1, 31), st.data())
def test_a_day_less_never_costs_more(cents: int, whole: int, data: st.DataObject) -> None:
    left = data.draw(st.integers(1, whole))

    assert prorated(Money(cents), left=left - 1, whole=whole) <= prorated(
        Money(cents), left=left, whole=whole
    )
