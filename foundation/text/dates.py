"""Days in a customer's words, English and Spanish, as the calendar has them."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from foundation.text.normalise import without_accents
from foundation.text.numerals import TENS, UNITS

MONTHS = """january february march april may june july august september october november december""".split()
MESES = """enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre""".split()
MONTH = {word: at for words in (MONTHS, MESES) for at, word in enumerate(words, start=1)}
MONTH |= {name[:3]: at for at, name in enumerate(MONTHS, start=1)} | {"sept": 9, "setiembre": 9}
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
DIAS = "lunes martes miercoles jueves viernes sabado domingo".split()
WEEKDAY = {word: at for words in (DAYS, DIAS) for at, word in enumerate(words)}
WEEKDAY |= {f"{word}s": at for at, word in enumerate(DAYS)} | {"sabados": 5, "domingos": 6}
NEAR = {
    "the day before yesterday": -2, "day before yesterday": -2, "the day after tomorrow": 2,
    "day after tomorrow": 2, "antes de ayer": -2, "anteayer": -2, "antier": -2, "pasado manana": 2,
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "last night": -1, "hoy": 0, "esta noche": 0,
    "anoche": -1, "ayer": -1,
}  # fmt: skip
MORNING = r"(?<!la )(?<!las )(?<!una )(?<!por la )manana"
"""Tomorrow, and not "la mañana", the morning."""
WEEK = 7
SPANISH_NUMBERS = "un una dos tres cuatro cinco seis siete ocho nueve diez".split()
COUNTED = {word: max(at, 1) for at, word in enumerate(SPANISH_NUMBERS)}
COUNTED |= {**UNITS, **TENS, "a": 1, "an": 1, "a couple": 2, "a couple of": 2, "couple": 2, "un par de": 2}
UNIT_DAYS = {"day": 1, "dia": 1, "week": WEEK, "semana": WEEK}

_MONTH = "|".join(sorted(MONTH, key=len, reverse=True))
_DAY = "|".join(sorted(WEEKDAY, key=len, reverse=True))
_COUNT = rf"\d{{1,3}}|{'|'.join(sorted(COUNTED, key=len, reverse=True))}"
_NEXT = "que viene|proximo|que entra"
DATE = re.compile(
    rf"\b(?:(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})"
    rf"|(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?(?![\d:])"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of| de)? (?P<month2>{_MONTH})"
    r"(?:(?:,| de)? (?P<year2>\d{4}))?"
    r"|(?P<slashed>\d{1,2}/\d{1,2}(?:/\d{4})?)(?![\d/])"
    rf"|(?P<ago>{_COUNT}) (?P<unit>day|week)s? ago"
    rf"|hace (?:como |unos |unas )?(?P<hace>{_COUNT}) (?P<unidad>dia|semana)s?"
    rf"|in (?P<ahead>{_COUNT}) (?P<unit2>day|week)s?|en (?P<dentro>{_COUNT}) (?P<unidad2>dia|semana)s?"
    rf"|(?P<near>{'|'.join(NEAR)})|(?P<manana>{MORNING})"
    rf"|(?:(?P<which>last|next|this|past|this past|this coming|el|del|este|on|by|until|the|every|los) )?"
    rf"(?P<weekday>{_DAY})(?: (?P<past>pasado)| (?:{_NEXT}))?)\b"
)
PAST = {"last", "past", "this past"}
HABITS = {"every", "los"}


class Dated(NamedTuple):
    day: date
    start: int
    end: int


def dates(text: str, *, today: date) -> Iterator[Dated]:
    """A day without a year is the nearest of that name; what is no day of the calendar is none."""
    for found in DATE.finditer(_letters(text)):
        try:
            day = _day(found, today)
        except (ValueError, OverflowError):
            continue
        if day is not None:
            yield Dated(day, found.start(), found.end())


def _letters(text: str) -> str:
    """Lower case and without accents, letter for letter."""
    return "".join(_letter(each) for each in text)


def _letter(sign: str) -> str:
    plain = without_accents(sign.lower())
    return plain if len(plain) == 1 else sign


def _day(found: re.Match[str], today: date) -> date | None:
    read = next(read for group, read in FORMS.items() if found[group])
    return read(found, today)


def _iso(found: re.Match[str], _today: date) -> date:
    return date.fromisoformat(found["iso"])


def _near(found: re.Match[str], today: date) -> date:
    return today + timedelta(days=NEAR[found["near"]])


def _tomorrow(_found: re.Match[str], today: date) -> date:
    return today + timedelta(days=1)


def _slashed(found: re.Match[str], today: date) -> date:
    month, day, *year = map(int, found["slashed"].split("/"))
    return _nearest(today, month, day, year[0] if year else None)


def _month_first(found: re.Match[str], today: date) -> date:
    return _nearest(today, MONTH[found["month"]], int(found["day"]), _year(found["year"]))


def _day_first(found: re.Match[str], today: date) -> date:
    return _nearest(today, MONTH[found["month2"]], int(found["day2"]), _year(found["year2"]))


def _ago(found: re.Match[str], today: date) -> date:
    return today - _apart(found["ago"] or found["hace"], found["unit"] or found["unidad"])


def _ahead(found: re.Match[str], today: date) -> date:
    return today + _apart(found["ahead"] or found["dentro"], found["unit2"] or found["unidad2"])


def _year(written: str | None) -> int | None:
    return int(written) if written else None


def _apart(count: str, unit: str) -> timedelta:
    return timedelta(days=(int(count) if count.isdecimal() else COUNTED[count]) * UNIT_DAYS[unit])


def _weekday(found: re.Match[str], today: date) -> date | None:
    which = found["which"] or ""
    is_habit = (
        found["weekday"].endswith("days") or which in HABITS or found["weekday"] in ("sabados", "domingos")
    )
    if is_habit:
        return None
    ahead = (WEEKDAY[found["weekday"]] - today.weekday()) % WEEK
    if which in PAST or found["past"]:
        return today - timedelta(days=WEEK - ahead)
    return today + timedelta(days=ahead or WEEK)


FORMS: Mapping[str, Callable[[re.Match[str], date], date | None]] = {
    "iso": _iso,
    "near": _near,
    "manana": _tomorrow,
    "weekday": _weekday,
    "slashed": _slashed,
    "month": _month_first,
    "month2": _day_first,
    "ago": _ago,
    "hace": _ago,
    "ahead": _ahead,
    "dentro": _ahead,
}
"""How each form of a date is read, by the group of the pattern that finds it."""


def _nearest(today: date, month: int, day: int, year: int | None) -> date:
    if year is not None:
        return date(year, month, day)
    near = [
        date(today.year + shift, month, day)
        for shift in (-1, 0, 1)
        if _is_day(today.year + shift, month, day)
    ]
    return min(near, key=lambda each: abs(each - today))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
