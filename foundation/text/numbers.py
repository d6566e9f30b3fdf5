"""What the numbers of a sentence mean: amounts of dollars, counts, ages, milligrams, percent."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from foundation.text.bounds import (
    DOLLARS,
    LOOK_BACK,
    direction,
    dollars,
    dollars_at,
    is_marked,
    is_range,
    same_phrase,
    word_at,
)
from foundation.text.normalise import is_plural

SPENDING = frozenset(
    "budget spend spent spending pay paid paying cost costs price prices priced charge charged limit "
    "afford got owe refund refunded worth".split()
)
"""Before a number that nothing else claims, these make it one of dollars."""
UNCOUNTED = frozenset(
    "mg milligrams % years year percent off days weeks months hours hour minutes minute nights times "
    "people guests friends folks kids am pm miles pounds lbs feet blocks".split()
)
NO_COUNT = UNCOUNTED | {
    "day", "week", "month", "night", "o'clock", "oclock", "seconds", "second", "mile", "stars", "g", "ml",
    "oz", "th", "yo", "yr", "yrs", "per", "cents", "cent", "states", "state", "k", "count", "ct", "pack",
    "ish",
}  # fmt: skip
MILLIGRAMS = {"mg", "mgs", "milligram", "milligrams"}
PERCENT = {"%", "percent", "pct"}
TIMED = {"after", "before", "by", "until", "till", "since", "past", "age", "chapter", "page", "room"}
CLOCK = TIMED | {"at", "around"}
PLACED = {"number", "numbers", "#", "option", "no.", "first", "last", "top"}
LABELLED = PLACED | {
    "section", "step", "page", "chapter", "room", "zip", "unit", "apt", "suite", "code",
    "version", "highway", "street", "route", "type", "phone", "ref", "reference",
}  # fmt: skip
MONTHS = frozenset(
    "january february march april june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
OPENING = frozenset("just only me for buy get want with it , take add to make".split()) | {""}
"""Before "one" where it counts: "just one", but not "the second one"."""
PEOPLE = frozenset(
    "i he she who mother mom mum dad father husband wife partner boyfriend girlfriend sister brother son "
    "daughter aunt uncle cousin friend grandma grandpa grandmother grandfather granny nana roommate neighbor "
    "boss kid nephew niece".split()
)
BEING = {"am", "is", "turned", "turning", "turns", "be", "was"}
HARDLY = {"only", "just", "barely", "still", "about", "almost", "now", "already", "over", "like"}
AGED = {"years", "year", "yr", "yrs", "yo", "y/o"}
TURNING = {"turned", "turning", "aged", "age"}
AFTER_AGE = frozenset("and so but or now today already too with here yet y who this".split())
AFTER_PRICE = frozenset(
    "for and on to in or with please but ish right from as order total purchase cart basket worth max "
    "tops if what now so then is be budget range an each today tonight tomorrow here how do would can "
    "will at when i we my that this because altogether".split()
)
OLDEST = 120
LAST_HOUR = 24
YEARS = range(1900, 2100)
LABELLED_FROM = 10_000
"""From where on a bare whole number is a zip code or the number of an order."""
LEAST_ORDER, LOOK_BACK_ORDER = 100, 3
"""From where on a number that follows "order" so closely is that of one."""
SPREAD = Decimal("0.25")
"""How far "around 40" reaches to either side."""
REMEMBERED = 512
SPENDING_REACH = 5


class Kind(StrEnum):
    MONEY = "money"
    COUNT = "count"
    AGE = "age"
    MILLIGRAMS = "milligrams"
    PERCENT = "percent"
    OTHER = "other"
    """A date, an hour, a phone or an order number."""


@dataclass(frozen=True)
class Figure:
    kind: Kind
    value: Decimal
    at: int
    """The place of its word."""


@dataclass(frozen=True)
class Span:
    """What a customer would pay: from `low` to `high` dollars, or `exact`ly."""

    low: Decimal | None = None
    high: Decimal | None = None
    exact: Decimal | None = None


@dataclass(frozen=True)
class Amount:
    """Dollars in the words `start` to `end`: at least `low`, at most `high`; the same where exact."""

    low: Decimal | None
    high: Decimal | None
    start: int
    end: int
    is_about: bool = False

    @property
    def said(self) -> list[Decimal]:
        """The figures named, each once."""
        return list(dict.fromkeys(each for each in (self.low, self.high) if each is not None))


def figures(words: Sequence[str]) -> tuple[Figure, ...]:
    """Every number of the sentence, with what it tells of."""
    return _figures(tuple(words))


@lru_cache(REMEMBERED)
def _figures(words: tuple[str, ...]) -> tuple[Figure, ...]:
    found = [Figure(_kind(words, at), value, at) for at, value in _numbers(words)]
    ones = [Figure(Kind.COUNT, Decimal(1), at) for at in range(len(words)) if counts_one(words, at)]
    return tuple(sorted([*found, *ones], key=lambda figure: figure.at))


def values(words: Sequence[str], kind: Kind) -> list[Decimal]:
    return [figure.value for figure in figures(words) if figure.kind is kind]


def amounts(words: Sequence[str]) -> list[Amount]:
    """Each amount or range of dollars, in the order said; two bounds of one wish are one range."""
    found: list[Amount] = []
    places = [figure.at for figure in figures(words) if figure.kind is Kind.MONEY]
    while places:
        at, *places = places
        if places and is_range(words, at, places[0]):
            low, high = sorted((dollars_at(words, at), dollars_at(words, places[0])))
            found.append(Amount(low, high, at, places.pop(0) + 1))
        else:
            found.append(_bounded(words, at))
    return list(_merged(found))


def span(words: Sequence[str]) -> Span | None:
    """The price range of these words, None where they name no amount."""
    return spanned(amounts(words))


def bounds(found: Sequence[Amount]) -> tuple[Decimal | None, Decimal | None]:
    """The least and the most that is to be paid; an exact amount is the most."""
    said = spanned(found) or Span()
    is_exact = said.low is None and said.high is None
    return said.low, said.exact if is_exact else said.high


def spanned(found: Sequence[Amount]) -> Span | None:
    if not found:
        return None
    low = high = exact = None
    for each in found:
        if each.is_about and each.low is not None:
            low, high, exact = each.low * (1 - SPREAD), each.low * (1 + SPREAD), each.low
        elif each.low == each.high:
            exact = each.low
        else:
            low, high = each.low or low, each.high or high
    return Span(low, high, exact)


def is_counted_otherwise(words: Sequence[str], at: int) -> bool:
    """Whether it counts something that nobody buys, or gives a place in a list."""
    before = word_at(words, at - 1)
    return (
        word_at(words, at + 1) in UNCOUNTED or words[at].endswith("%") or before in ("number", "#", "option")
    )


def counts_one(words: Sequence[str], at: int) -> bool:
    """Such as "just one" and "one pack", but not "the second one"."""
    before, after = word_at(words, at - 1), word_at(words, at + 1)
    return words[at] == "one" and before in OPENING and after not in ("of", "that", "for")


def _numbers(words: Sequence[str]) -> Iterator[tuple[int, Decimal]]:
    for at, word in enumerate(words):
        value = dollars(word.removesuffix("%"))
        if value is not None:
            yield at, value


def _kind(words: Sequence[str], at: int) -> Kind:
    return next(kind for kind, is_meant in KINDS if is_meant(words, at))


def _is_percent(words: Sequence[str], at: int) -> bool:
    return words[at].endswith("%") or word_at(words, at + 1) in PERCENT


def _is_milligrams(words: Sequence[str], at: int) -> bool:
    return word_at(words, at + 1) in MILLIGRAMS


def _is_in_dollars(words: Sequence[str], at: int) -> bool:
    return is_marked(words, at) or _reaches_mark(words, at)


def _is_uncounted(words: Sequence[str], at: int) -> bool:
    return word_at(words, at + 1) in NO_COUNT or _is_hour(words, at)


def _is_whole(words: Sequence[str], at: int) -> bool:
    return dollars_at(words, at) % 1 == 0


def _reaches_mark(words: Sequence[str], at: int) -> bool:
    """The first of a range whose second is in dollars: "20 to 30 dollars"."""
    numbers = [each for each in range(at + 1, min(at + 4, len(words))) if dollars(words[each]) is not None]
    return bool(numbers) and is_marked(words, numbers[0]) and is_range(words, at, numbers[0])


def _is_labelled(words: Sequence[str], at: int) -> bool:
    """A date, an hour, or the number of a phone, a street, a section or an order."""
    before, after, value = word_at(words, at - 1), word_at(words, at + 1), dollars_at(words, at)
    if {before, after} & MONTHS or before in LABELLED or _is_part_of_code(words, at):
        return True
    if after == "of" and word_at(words, at + 2) in MONTHS:
        return True
    is_bare = value % 1 == 0 and "," not in words[at] and "k" not in words[at]
    if is_bare and value >= LABELLED_FROM:
        return True
    if is_bare and value >= LEAST_ORDER and "order" in words[max(0, at - LOOK_BACK_ORDER) : at]:
        return True
    return is_bare and int(value) in YEARS and before in {"in", "since", "of", "from", "year"}


def _is_part_of_code(words: Sequence[str], at: int) -> bool:
    """Joined to other numbers as in "12/10", "4:20" and "512-555-0142"."""
    for sign in ("/", ":"):
        if sign in (word_at(words, at - 1), word_at(words, at + 1)):
            neighbour = at - 2 if word_at(words, at - 1) == sign else at + 2
            if word_at(words, neighbour).isdecimal():
                return True
    dashed = [word_at(words, at + step) == "-" for step in (-1, 1, -3, 3)]
    return sum(dashed) > 1 and any(dashed[:2])


def _is_age(words: Sequence[str], at: int) -> bool:
    """Such as "I am 34" and "my husband, 63,"; of "5 years" only where somebody is so old."""
    value, after = dollars_at(words, at), word_at(words, at + 1)
    if not 0 < value < OLDEST or value % 1:
        return False
    if after in AGED:
        return word_at(words, at + 2) in ("old", "of") or after in ("yo", "y/o")
    return (not after.isalpha() or after in AFTER_AGE) and _is_somebodys(words, at)


def _is_somebodys(words: Sequence[str], at: int) -> bool:
    """Whether the words before tell of somebody who is so old: "turning", "she is only", "my husband,"."""
    before, after = word_at(words, at - 1), word_at(words, at + 1)
    if before in TURNING or (before == after == "," and word_at(words, at - 2) in PEOPLE):
        return True
    said = [word for word in reversed(words[max(0, at - LOOK_BACK) : at]) if word not in HARDLY]
    subject = word_at(said, 0).removesuffix("'s")
    if subject != word_at(said, 0) and subject in PEOPLE:
        return True
    return word_at(said, 0) in BEING and word_at(said, 1) in PEOPLE and "for" not in said[2:4]


def _is_hour(words: Sequence[str], at: int) -> bool:
    """Such as "after 9" and "at 8", where no thing follows that it would count."""
    before, after = word_at(words, at - 1), word_at(words, at + 1)
    if before not in CLOCK or dollars_at(words, at) > LAST_HOUR:
        return False
    if before == "around":
        return False
    if before == "at" and word_at(words, at - 2) in (
        "budget",
        "limit",
        "price",
        "max",
        "is",
        "are",
        "least",
        "most",
    ):
        return False
    return not after.isalpha() or after in AFTER_PRICE


def _is_price(words: Sequence[str], at: int) -> bool:
    """Said as a limit or with what is paid, and of no things that could be counted: "about 6 coffees"."""
    after = word_at(words, at + 1)
    near = same_phrase(words, at)
    if _is_range_of_bounds(words, at):
        return True
    bound = direction(words, at)
    if bound is not None:
        said_low = bool(near) and near[-1] in ("under", "below")
        return said_low or not is_plural(after)
    if not near or near[-1] == "for" or is_plural(after):
        return _has_cents(words, at)
    return _has_cents(words, at) or bool(SPENDING & set(near[-SPENDING_REACH:]) - {"got"})


def _has_cents(words: Sequence[str], at: int) -> bool:
    return bool(re.fullmatch(r"\d+\.\d\d", words[at]))


def _is_range_of_bounds(words: Sequence[str], at: int) -> bool:
    """One of the two numbers of "between 20 and 40", of which no thing is counted."""
    for first, second in ((at, at + 2), (at - 2, at)):
        if (
            first < 0
            or second >= len(words)
            or dollars(words[first]) is None
            or dollars(words[second]) is None
        ):
            continue
        opened = word_at(words, first - 1) in ("between", "from", "the")
        return opened and is_range(words, first, second) and not is_plural(word_at(words, second + 1))
    return False


def _bounded(words: Sequence[str], at: int) -> Amount:
    value, bound = dollars_at(words, at), direction(words, at)
    end = at + 2 if word_at(words, at + 1) in DOLLARS else at + 1
    if bound == "below":
        return Amount(None, value, at, end)
    if bound == "above":
        return Amount(value, None, at, end)
    return Amount(value, value, at, end, is_about=bound == "around")


def _merged(found: Sequence[Amount]) -> Iterator[Amount]:
    """A lower bound and an upper one, either first, are one range."""
    held: Amount | None = None
    for each in found:
        if held is not None and _complete(held, each):
            low, high = held.low or each.low, held.high or each.high
            yield Amount(low, high, held.start, each.end)
            held = None
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held


def _complete(first: Amount, second: Amount) -> bool:
    lows, highs = (first.low, second.low), (first.high, second.high)
    return lows.count(None) == 1 and highs.count(None) == 1 and (first.low is None) != (second.low is None)


KINDS: Sequence[tuple[Kind, Callable[[Sequence[str], int], bool]]] = (
    (Kind.PERCENT, _is_percent),
    (Kind.MILLIGRAMS, _is_milligrams),
    (Kind.MONEY, _is_in_dollars),
    (Kind.OTHER, _is_labelled),
    (Kind.AGE, _is_age),
    (Kind.OTHER, _is_uncounted),
    (Kind.MONEY, _is_price),
    (Kind.COUNT, _is_whole),
    (Kind.OTHER, lambda _words, _at: True),
)
"""What a number may mean, the plainest signs first."""
