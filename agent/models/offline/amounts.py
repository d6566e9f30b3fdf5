"""Read numbers, counts and amounts of dollars out of words."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agent.models.offline import lexicon
from agent.models.offline.negation import is_negated

UNITS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
}
TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
AMOUNT = re.compile(r"\$?(\d[\d,]*(?:\.\d+)?)(\$|k)?$")
BELOW = {"under", "below", "less", "max", "maximum", "most", "within", "beneath", "cheaper"}
ABOVE = {"over", "above", "more", "min", "minimum", "least", "from", "starting"}
AROUND = {"around", "about", "roughly", "approximately", "near", "ish"}
AFTER_PRICE = {
    "for", "and", "on", "to", "in", "or", "with", "please", "but", "ish", "right", "from", "as", "order",
    "total", "purchase", "cart", "basket", "worth", "max", "tops", "if", "what", "now", "so", "then", "is",
    "be", "budget", "range", "an", "each", "today", "tonight", "tomorrow", "here", "how", "do", "would",
    "can", "will", "at", "when", "i", "we", "my", "that", "this", "because", "altogether",
}  # fmt: skip
FILLERS = {"than", "a", "the", "at", "like", "of", "go", "be", "spend", "cost", "costs", "paying"}
UNCOUNTED = {
    "mg", "milligrams", "%", "years", "year", "percent", "off", "days", "weeks", "months", "hours", "hour",
    "minutes", "minute", "nights", "times", "people", "guests", "friends", "folks", "kids", "am", "pm",
    "miles", "pounds", "lbs", "feet", "blocks",
}  # fmt: skip
TIMED = {"after", "before", "by", "until", "till", "since", "past", "age", "chapter", "page", "room"}
PLACED = {"number", "#", "option", "no.", "first", "last", "top"}
FACTORS = {"double": 2, "doubled": 2, "twice": 2, "triple": 3, "tripled": 3, "half": 0.5, "halve": 0.5}
TIMES = {"once": 1, "twice": 2, "thrice": 3}
POINTERS = {"it", "that", "them", "those", "these", "this"}
MADE = {("make", "it"), ("make", "that"), ("make", "them")}
IN_ALL = {("in", "all"), ("in", "total")}
MORE = {"more", "extra", "additional"}
SOLD = frozenset(word for words in lexicon.choices().values() for word in words)
"""What a price may stand before: "under 30 gummies"."""
SPREAD = Decimal("0.25")
"""How far "around 40" reaches to either side."""


@dataclass(frozen=True)
class Span:
    """What a customer would pay: from `low` to `high` dollars, or `exact`ly."""

    low: Decimal | None = None
    high: Decimal | None = None
    exact: Decimal | None = None


def as_digits(words: Sequence[str]) -> list[str]:
    """The words with "forty", "a hundred and twenty" and the like in digits; a lone "one" stays a word."""
    out: list[str] = []
    at = 0
    while at < len(words):
        number, length = _spelled_out(words, at)
        if number is None or (length == 1 and words[at] == "one"):
            out.append(words[at])
            at += 1
        else:
            if words[at].isalpha() and out and out[-1] == "a" and words[at] == "hundred":
                out.pop()
            out.append(str(number))
            at += length
    return out


def _spelled_out(words: Sequence[str], start: int) -> tuple[int | None, int]:
    """The number that begins at `start` and how many words it takes."""
    total, at, last = 0, start, ""
    while at < len(words):
        word = words[at]
        if word in UNITS and last in ("", "tens", "hundred"):
            total, last = total + UNITS[word], "unit"
        elif word in TENS and last in ("", "hundred"):
            total, last = total + TENS[word], "tens"
        elif word in TENS and last == "unit" and total < min(TENS.values()):
            # A price as it is spoken: "four fifty".
            total, last = total * 100 + TENS[word], "tens"
        elif word == "hundred" and last in ("", "unit"):
            total, last = max(total, 1) * 100, "hundred"
        elif not (word == "and" and last == "hundred" and _goes_on(words, at + 1)):
            break
        at += 1
    return (total, at - start) if last else (None, 0)


def _goes_on(words: Sequence[str], at: int) -> bool:
    return at < len(words) and (words[at] in UNITS or words[at] in TENS)


def dollars(word: str) -> Decimal | None:
    found = AMOUNT.match(word)
    if not found:
        return None
    value = Decimal(found[1].replace(",", ""))
    return value * 1000 if found[2] == "k" else value


def amounts_at(words: Sequence[str]) -> list[int]:
    """Where amounts of money may stand: numbers that count nothing else."""
    numbers = [at for at in range(len(words)) if dollars(words[at]) is not None and not _counts(words, at)]
    return [at for at in numbers if is_marked(words, at) or _ends_phrase(words, at) or _bounds(words, at)]


def _bounds(words: Sequence[str], at: int) -> bool:
    """Said as a limit, and of no things that could be counted: "about 6 coffees" is no price."""
    after = words[at + 1] if at + 1 < len(words) else ""
    return _direction(words, at) is not None and (not _is_plural(after) or after in SOLD)


def _ends_phrase(words: Sequence[str], at: int) -> bool:
    """No thing follows that the number would count, as in "2 things", nor is it an hour: "after 9"."""
    after = words[at + 1] if at + 1 < len(words) else ""
    if at and words[at - 1] in TIMED:
        return False
    return not after.isalpha() or after in AFTER_PRICE


def is_marked(words: Sequence[str], at: int) -> bool:
    """Said in dollars, so that it can be no count."""
    after = words[at + 1] if at + 1 < len(words) else ""
    return "$" in words[at] or after in ("dollars", "dollar")


def span(words: Sequence[str]) -> Span | None:
    """The price range of these words, None where they name no amount."""
    places = amounts_at(words)
    if not places:
        return None
    if len(places) > 1 and _joined(words, places[0], places[1]):
        first, second = sorted(_dollars(words[at]) for at in places[:2])
        return Span(low=first, high=second)
    low = high = exact = None
    for at in places:
        value, direction = _dollars(words[at]), _direction(words, at)
        if direction == "below":
            high = value
        elif direction == "above":
            low = value
        elif direction == "around":
            low, high, exact = value * (1 - SPREAD), value * (1 + SPREAD), value
        else:
            exact = value
    return Span(low, high, exact)


def count(words: Sequence[str]) -> int | None:
    """How many: the last whole number that is no amount and not refused, so that a correction wins."""
    whole = [at for at in range(len(words)) if _is_whole(words, at) and not _is_refused(words, at)]
    if whole:
        return int(words[whole[-1]])
    if any(_is_single(words, at) for at in range(len(words))):
        return 1
    return next((TIMES[word] for word in words if word in TIMES), None)


def scaled(words: Sequence[str], number: int) -> int | None:
    """What "double it" and "half that" make of a number told before; nothing where it would be below one."""
    for at, word in enumerate(words):
        if word in FACTORS and _is_told(words, at) and not is_negated(words, at):
            return int(number * FACTORS[word]) or None
    return None


def more(words: Sequence[str]) -> int | None:
    """How many to add: "two more", "one extra"; but "more than two" adds nothing."""
    for word, after in itertools.pairwise(words):
        if after in MORE and (word in ("one", "a") or word.isdigit()):
            return int(word) if word.isdigit() else 1
    return None


def counts_all(words: Sequence[str]) -> bool:
    """Whether the count is of all there shall be: "3 in all", "change it to 3"."""
    return any(
        pair in IN_ALL or (pair[0] == "to" and pair[1].isdigit()) for pair in itertools.pairwise(words)
    )


def _is_told(words: Sequence[str], at: int) -> bool:
    """Said of the thing before, or first of all: "twice" alone may be about anything."""
    after = words[at + 1] if at + 1 < len(words) else ""
    opens = not set(words[:at]) - lexicon.words()["fillers"] and after != "check"
    return opens or after in POINTERS or tuple(words[max(0, at - 2) : at]) in MADE


def _is_whole(words: Sequence[str], at: int) -> bool:
    """A whole number that counts what is wanted, and is no price: "under 20"."""
    is_price = is_marked(words, at) or _bounds(words, at)
    return words[at].isdigit() and not is_price and _plain(words, at)


def _is_refused(words: Sequence[str], at: int) -> bool:
    before = tuple(words[max(0, at - 2) : at])
    return before[-1:] == ("not",) or before in (("instead", "of"), ("rather", "than"))


def _is_single(words: Sequence[str], at: int) -> bool:
    """Such as "one ticket", "just one" and "a ticket", but not "the second one"."""
    before, after = words[at - 1] if at else "", words[at + 1] if at + 1 < len(words) else ""
    if words[at] == "one":
        return before in (
            "",
            "just",
            "only",
            "me",
            "for",
            "buy",
            "get",
            "want",
            "with",
            "it",
            ",",
            "take",
        ) and (after != "of")
    return words[at] in ("a", "an", "single") and after in ("ticket", "entry", "single")


def _plain(words: Sequence[str], at: int) -> bool:
    before = words[at - 1] if at else ""
    return before not in PLACED and not _counts(words, at)


def _counts(words: Sequence[str], at: int) -> bool:
    after = words[at + 1] if at + 1 < len(words) else ""
    before = words[at - 1] if at else ""
    return after in UNCOUNTED or words[at].endswith("%") or before in ("number", "#", "option")


def _is_plural(word: str) -> bool:
    return len(word) > len("this") and word.endswith("s") and not word.endswith(("ss", "us"))


def _dollars(word: str) -> Decimal:
    value = dollars(word)
    return value if value is not None else Decimal(0)


def _joined(words: Sequence[str], first: int, second: int) -> bool:
    between = [w for w in words[first + 1 : second] if w not in ("dollars", "dollar", "$")]
    opened = words[first - 1] if first else ""
    is_and = between in (["and"], ["an"], ["&"]) and opened in ("between", "from")
    return is_and or between in (["to"], ["-"])


def _direction(words: Sequence[str], at: int) -> str | None:
    before = [w for w in _same_phrase(words, at) if w not in FILLERS]
    after = [w for w in words[at + 1 : at + 5] if w not in ("dollars", "dollar", ",")]
    near = before[-1] if before else ""
    negated = any(w in ("not", "no", "nothing", "never") for w in before[:-1])
    if near in BELOW or before[-2:] == ["up", "to"]:
        return "above" if negated and near != "most" else "below"
    if near in ABOVE:
        return "below" if negated else "above"
    if near in AROUND or after[:1] == ["ish"]:
        return "around"
    return _afterthought(after)


def _same_phrase(words: Sequence[str], at: int) -> Sequence[str]:
    """The few words before `at` without a break."""
    start = at
    while start > max(0, at - 7) and words[start - 1] not in (",", ".", "but", "and", "?", "!", ";"):
        start -= 1
    return words[start:at]


def _afterthought(after: Sequence[str]) -> str | None:
    """Such as "20 or less", "25 tops", "30 max" and "50 and up"."""
    if after[:1] and after[0] in ("tops", "max", "maximum"):
        return "below"
    if after[:2] in (["or", "less"], ["or", "under"], ["or", "below"], ["and", "under"], ["at", "most"]):
        return "below"
    if after[:2] in (["or", "more"], ["and", "up"], ["or", "over"], ["and", "over"], ["or", "above"]):
        return "above"
    return None
