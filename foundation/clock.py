"""The clock, which tests can set, and the shop's calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Returns an aware time in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Calendar:
    """The clock, and the shop's time zone."""

    zone: ZoneInfo
    now: Clock = system_clock

    def today(self) -> date:
        return self.day(self.now())

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()
