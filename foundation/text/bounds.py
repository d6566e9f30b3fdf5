"""What bounds an amount of dollars: "under 30", "50 and up", "between 20 and 40"."""

import re
from collections.abc import Sequence
from decimal import Decimal

AMOUNT = re.compile(r"\$?(\d[\d,]*(?:\.\d+)?)(\$|k)?$")
DOLLARS = {"dollars", "dollar"}
BELOW = {"under", "below", "less", "max", "maximum", "most", "within", "beneath", "cheaper"}
ABOVE = {"over", "above", "more", "min", "minimum", "least", "starting", "past"}
AROUND = {"around", "about", "roughly", "approximately", "near", "ish", "like"}
FILLERS = frozenset(
    "than a the at of go going be spend cost costs paying it exactly is are pass passes".split()
)
DENYING = {"not", "no", "nothing", "never", "without"}
OR_LESS = {
    ("or", "less"),
    ("or", "under"),
    ("or", "below"),
    ("and", "under"),
    ("at", "most"),
    ("or", "cheaper"),
}
OR_MORE = {("or", "more"), ("and", "up"), ("or", "over"), ("and", "over"), ("or", "above"), ("and", "above")}
BREAKS = {",", ".", "but", "and", "?", "!", ";"}
LOOK_BACK = 7


def dollars(word: str) -> Decimal | None:
    found = AMOUNT.match(word)
    if not found:
        return None
    value = Decimal(found[1].replace(",", ""))
    return value * 1000 if found[2] == "k" else value


def dollars_at(words: Sequence[str], at: int) -> Decimal:
    return dollars(words[at]) or Decimal(0)


def is_marked(words: Sequence[str], at: int) -> bool:
    """Said in dollars, so that it can be no count."""
    return "$" in words[at] or word_at(words, at + 1) in DOLLARS or word_at(words, at - 1) == "$"


def is_range(words: Sequence[str], first: int, second: int) -> bool:
    """Whether two amounts are the ends of one range: "between 20 and 30", "$45-$60"."""
    between = [w for w in words[first + 1 : second] if w not in DOLLARS and w != "$"]
    opened = word_at(words, first - 1)
    is_and = between in (["and"], ["an"], ["&"]) and opened in ("between", "from")
    return is_and or between in (["to"], ["-"])


def direction(words: Sequence[str], at: int) -> str | None:
    before = [w for w in same_phrase(words, at) if w not in FILLERS]
    if before[-1:] == ["$"]:
        before.pop()
    after = [w for w in words[at + 1 : at + 6] if w not in ("dollars", "dollar", ",", "$")]
    near = before[-1] if before else ""
    denied = any(w in DENYING for w in before[:-1])
    if near in BELOW or before[-2:] == ["up", "to"]:
        return "above" if denied and near != "most" else "below"
    if near in ABOVE or (near == "from" and not is_marked(words, at)):
        return "below" if denied else "above"
    if near in AROUND or after[:1] == ["ish"]:
        return "around"
    if "pass" in same_phrase(words, at) and denied | (near in DENYING):
        return "below"
    return _afterthought(after)


def same_phrase(words: Sequence[str], at: int) -> Sequence[str]:
    """The few words before `at` without a break."""
    start = at
    while start > max(0, at - LOOK_BACK) and words[start - 1] not in BREAKS:
        start -= 1
    return words[start:at]


def _afterthought(after: Sequence[str]) -> str | None:
    """Such as "20 or less", "25 tops", "30 max" and "50 and up"."""
    if after[:1] and after[0] in ("tops", "max", "maximum"):
        return "below"
    if tuple(after[:2]) in OR_LESS:
        return "below"
    return "above" if tuple(after[:2]) in OR_MORE else None


def word_at(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
