"""The time, as something a test can hold still, and the days of the shop."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives an aware time in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Calendar:
    """The clock, and the wall of the shop that it hangs on."""

    zone: ZoneInfo
    now: Clock = system_clock

    def today(self) -> date:
        return self.day(self.now())

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()
