"""Numbers in words as digits: "forty", "a hundred and twenty", "a couple hundred", "twelve ninety-five"."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from foundation.text.glossary import general
from foundation.text.normalise import Token, joined, tokens, without_accents

UNITS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
}
TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
SCALES: Sequence[Mapping[str, int]] = ({"thousand": 1000, "grand": 1000}, {"hundred": 100})
LARGE = frozenset(word for scale in SCALES for word in scale)
MULTIPLIED = {"couple": 2, "few": 3}
LONGEST_MULTIPLIER = 2
"""Digits of what may stand before "hundred" and "grand": "2 hundred"."""
TEN, CENTS = 10, 100


NUMBER_WORDS = frozenset([*UNITS, *TENS, *LARGE])
_SPANISH = frozenset(
    " ".join(said)
    for said, meant in general().spanish.meanings.items()
    if meant and NUMBER_WORDS.issuperset(meant)
)
_WORD = "|".join(sorted(NUMBER_WORDS | _SPANISH, key=len, reverse=True))
SAID = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,6}(?:\.\d{1,2})?k?"
    rf"|(?:a (?:couple |few )?(?=hundred|thousand|grand))?(?:{_WORD})(?:[ -](?:and |y )?(?:{_WORD}))*)"
)
"""A pattern of a number, in digits or in words of either language."""
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")


def value_said(said: str) -> Decimal:
    """The value of what matches `SAID`, such as 40 for "forty" and "40.00"."""
    plain = THOUSANDS.sub("", without_accents(said.lower()))
    words = in_digits(general().spanish.applied(tokens(plain), everything=True))
    number = next(each.text for each in words if each.text.strip("$k").replace(".", "", 1).isdecimal())
    value = Decimal(number.strip("$k"))
    return value * 1000 if number.endswith("k") else value


class Numeral(NamedTuple):
    text: str
    length: int
    """In words; 0 where no number begins."""


def as_digits(words: Sequence[str]) -> list[str]:
    """The words with numbers in digits; a lone "one" stays a word."""
    return [each.text for each in in_digits([Token(word, at, at + 1) for at, word in enumerate(words)])]


def in_digits(tokens: Sequence[Token]) -> list[Token]:
    words = [each.text for each in tokens]
    out: list[Token] = []
    at = 0
    while at < len(words):
        found = _numeral(words, at)
        if not found.length or (found.length == 1 and words[at] == "one"):
            out.append(tokens[at])
            at += 1
            continue
        said = list(tokens[at : at + found.length])
        if out and out[-1].text == "a" and (said[0].text in LARGE or said[-1].text in LARGE):
            said.insert(0, out.pop())
        out.append(Token(found.text, *joined(said)))
        at += found.length
    return out


def _numeral(words: Sequence[str], start: int) -> Numeral:
    number, length = _whole(words, start)
    if not length:
        return Numeral("", 0)
    cents, more = _small(words, start + length)
    is_spoken = words[start].isalpha() and LARGE.isdisjoint(words[start : start + length])
    if is_spoken and min(TENS.values()) <= cents < CENTS:
        return Numeral(f"${number + Decimal(cents) / CENTS:.2f}", length + more)
    return Numeral(str(number), length)


def _whole(words: Sequence[str], start: int) -> tuple[int, int]:
    """The number that begins at `start`, and how many words it takes."""
    total, at = 0, start
    for scale in SCALES:
        count, length = _multiplier(words, at)
        if words[at + length : at + length + 1] and words[at + length] in scale:
            total += max(count, 1) * scale[words[at + length]]
            at += length + 1
    joint = 1 if at > start and words[at : at + 1] == ["and"] else 0
    rest, length = _small(words, at + joint)
    return (total + rest, at + joint + length - start) if length else (total, at - start)


def _small(words: Sequence[str], at: int) -> tuple[int, int]:
    """A number below a hundred, and how many words it takes; Spanish has "thirty and five"."""
    if at >= len(words):
        return 0, 0
    if words[at] not in TENS:
        return (UNITS[words[at]], 1) if words[at] in UNITS else (0, 0)
    unit = at + (2 if words[at + 1 : at + 2] == ["and"] else 1)
    if unit < len(words) and 0 < UNITS.get(words[unit], 0) < TEN:
        return TENS[words[at]] + UNITS[words[unit]], unit + 1 - at
    return TENS[words[at]], 1


def _multiplier(words: Sequence[str], at: int) -> tuple[int, int]:
    word = words[at] if at < len(words) else ""
    if word in MULTIPLIED:
        return MULTIPLIED[word], 1
    if word.isdecimal() and len(word) <= LONGEST_MULTIPLIER:
        return int(word), 1
    return _small(words, at)
