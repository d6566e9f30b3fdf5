"""What the shop has sold, by the days of its own calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from foundation.money import Money

WINDOWS: Mapping[str, int] = {"today": 1, "week": 7, "month": 30}
"""Whole days of the shop, today among them."""


@dataclass(frozen=True)
class Sales:
    """Payments that were taken; `net` is without what was given back of them."""

    days: int
    payments: int
    net: Money


def since(today: date, days: int, zone: ZoneInfo) -> datetime:
    """The midnight at which that many days begin that end with today."""
    return datetime.combine(today - timedelta(days=days - 1), time(), zone)
