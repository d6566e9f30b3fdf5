"""A membership's calendar: months counted from the day it began, on the wall of the shop."""

from calendar import monthrange
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from foundation.money import Money

MONTHS = 12


def months_after(anchor: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The anchor's day and hour that many months later, or that month's last day; the hour is the shop's."""
    local = anchor.astimezone(zone)
    years, month = divmod(local.month - 1 + months, MONTHS)
    year, month = local.year + years, month + 1
    day = min(local.day, monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day, fold=0).astimezone(anchor.tzinfo)


def end_of_period(anchor: datetime, start: datetime, zone: ZoneInfo) -> datetime:
    """The first monthly day of the anchor after `start`, so that 31 January, 28 February, 31 March follow."""
    first, last = anchor.astimezone(zone), start.astimezone(zone)
    months = (last.year - first.year) * MONTHS + last.month - first.month
    end = months_after(anchor, months, zone)
    return end if end > start else months_after(anchor, months + 1, zone)


def days_after(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same hour on the shop's wall, that many days later."""
    return (at.astimezone(zone) + timedelta(days=days)).astimezone(at.tzinfo)


def days_left(start: datetime, end: datetime, at: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """How many of the period's days are left, today among them, and how many it has."""
    first, last, today = (each.astimezone(zone).date() for each in (start, end, at))
    whole = (last - first).days
    return min(max((last - today).days, 1), whole), whole


def prorated(amount: Money, *, left: int, whole: int) -> Money:
    """That part of the amount, half a cent rounded up."""
    return Money((2 * amount.cents * left + whole) // (2 * whole), amount.currency)
