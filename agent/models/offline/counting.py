"""How many, and for how much: what the numbers of a clause fill of an argument, or change of one."""

import itertools
from collections.abc import Sequence

from agent.models.offline import lexicon
from foundation.text import numbers
from foundation.text.negation import is_negated
from foundation.text.numbers import AFTER_PRICE, TIMED, Figure, Kind, Span

FACTORS = {"double": 2, "doubled": 2, "twice": 2, "triple": 3, "tripled": 3, "half": 0.5, "halve": 0.5}
TIMES = {"once": 1, "twice": 2, "thrice": 3}
POINTERS = {"it", "that", "them", "those", "these", "this"}
MADE = {("make", "it"), ("make", "that"), ("make", "them")}
IN_ALL = {("in", "all"), ("in", "total")}
MORE = {"more", "extra", "additional"}
SINGLE = {"ticket", "entry", "single"}


def span(words: Sequence[str]) -> Span | None:
    """The price range of these words; a number alone, as in answer to a question, is one too."""
    found = numbers.span(words)
    if found is not None:
        return found
    bare = [
        figure for figure in _counts(words) if ends_phrase(words, figure.at) and words[figure.at] != "one"
    ]
    return Span(exact=bare[-1].value) if bare else None


def ends_phrase(words: Sequence[str], at: int) -> bool:
    """No thing follows that the number would count, as in "2 things", nor is it an hour: "after 9"."""
    after = words[at + 1] if at + 1 < len(words) else ""
    if at and words[at - 1] in TIMED:
        return False
    return not after.isalpha() or after in AFTER_PRICE


def count(words: Sequence[str]) -> int | None:
    """How many: the last whole number that is no amount and not refused, so that a correction wins."""
    wanted = [figure for figure in _counts(words) if not _is_refused(words, figure.at)]
    whole = [figure for figure in wanted if words[figure.at].isdigit()]
    if whole:
        return int(whole[-1].value)
    if wanted or any(_is_single(words, at) for at in range(len(words))):
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


def _counts(words: Sequence[str]) -> list[Figure]:
    return [figure for figure in numbers.figures(words) if figure.kind is Kind.COUNT]


def _is_told(words: Sequence[str], at: int) -> bool:
    """Said of the thing before, or first of all: "twice" alone may be about anything."""
    after = words[at + 1] if at + 1 < len(words) else ""
    opens = not set(words[:at]) - lexicon.words()["fillers"] and after != "check"
    return opens or after in POINTERS or tuple(words[max(0, at - 2) : at]) in MADE


def _is_refused(words: Sequence[str], at: int) -> bool:
    before = tuple(words[max(0, at - 2) : at])
    return before[-1:] == ("not",) or before in (("instead", "of"), ("rather", "than"))


def _is_single(words: Sequence[str], at: int) -> bool:
    """Such as "a ticket"."""
    return words[at] in ("a", "an", "single") and words[at + 1 : at + 2] != () and words[at + 1] in SINGLE
