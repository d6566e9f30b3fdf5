"""Days in a customer's words, as the calendar has them."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from memory.understanding.models import Entity

MONTHS = """january february march april may june july august september october november december""".split()
MESES = """enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre""".split()
MONTH = {word: at for words in (MONTHS, MESES) for at, word in enumerate(words, start=1)}
MONTH |= {name[:3]: at for at, name in enumerate(MONTHS, start=1)}
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
DIAS = "lunes martes miércoles jueves viernes sábado domingo".split()
WEEKDAY = {word: at for words in (DAYS, DIAS) for at, word in enumerate(words)}
NEAR = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "hoy": 0, "mañana": 1, "ayer": -1}
WEEK = 7

_MONTH = "|".join(sorted(MONTH, key=len, reverse=True))
DATE = re.compile(
    rf"\b(?:(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})"
    rf"|(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of| de)? (?P<month2>{_MONTH})"
    r"(?:(?:,| de)? (?P<year2>\d{4}))?"
    rf"|(?P<slashed>\d{{1,2}}/\d{{1,2}}(?:/\d{{4}})?)"
    rf"|(?P<near>{'|'.join(NEAR)})"
    rf"|(?:(?P<which>last|next|this|el|on) )(?P<weekday>{'|'.join(WEEKDAY)})(?P<past> pasado)?)\b",
    re.I,
)


def dates(text: str, *, today: date) -> Iterator[Entity]:
    """A day without a year is the nearest of that name; what is no day of the calendar is none."""
    for found in DATE.finditer(text):
        try:
            day = _day(found, today)
        except (ValueError, OverflowError):
            continue
        yield Entity("date", day.isoformat(), found[0], found.start(), found.end())


def _day(found: re.Match[str], today: date) -> date:
    if found["iso"]:
        return date.fromisoformat(found["iso"])
    if found["near"]:
        return today + timedelta(days=NEAR[found["near"].lower()])
    if found["weekday"]:
        return _weekday(found, today)
    if found["slashed"]:
        month, day, *year = map(int, found["slashed"].split("/"))
        return _nearest(today, month, day, year[0] if year else None)
    name, day_of = (found["month"], found["day"]) if found["month"] else (found["month2"], found["day2"])
    year_of = found["year"] or found["year2"]
    return _nearest(today, MONTH[name.lower()], int(day_of), int(year_of) if year_of else None)


def _weekday(found: re.Match[str], today: date) -> date:
    ahead = (WEEKDAY[found["weekday"].lower()] - today.weekday()) % WEEK
    if found["which"].lower() == "last" or found["past"]:
        return today - timedelta(days=WEEK - ahead)
    return today + timedelta(days=ahead or WEEK)


def _nearest(today: date, month: int, day: int, year: int | None) -> date:
    if year is not None:
        return date(year, month, day)
    near = [date(today.year + shift, month, day) for shift in (-1, 0, 1)]
    return min(near, key=lambda each: abs(each - today))
