"""Plain letters and words: accents and case off, typographic signs as typed ones, where each word stands."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

QUOTES = str.maketrans("\u2019\u2018\u00b4`\u201c\u201d\u2026\u2013\u2014\u00bf\u00a1", "''''\"\".-,  ")
"""Typographic quotes and dashes, and the signs that open a Spanish question."""
APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u00b4`", "'"))
VARIATION = "\ufe0f"
"""What only tells how an emoji is drawn."""
HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
TOKEN = re.compile(
    r"""[^\s@,;]+@[^\s@,;]+\.\w+            # an e-mail address
      | \b[a-z]{2,5}_[a-z0-9]+             # an id
      | \d+(?:st|nd|rd|th)\b                # a place
      | \$?\d+(?:,\d{3})*(?:\.\d+)?(?:%|\$|k\b)?  # a number or an amount
      | x(?=\d)
      | [^\W\d_][^\W_]*(?:['/][^\W\d_]+)*'?    # a word
      | w/o | w/ | 'bout
      | [.?!,;:()\n"]
      | [^\w\s]""",
    re.VERBOSE,
)
VOWELS = "aeiou"
UNCHANGED = ("ss", "us")
"""How words end whose s is no plural's."""
SHORTEST_PLURAL = 4
SHORTEST_IN_IES = 5
"""The least letters of a plural: "gas" and "pies" keep theirs."""


class Token(NamedTuple):
    """A word, and the characters of the text that say it."""

    text: str
    start: int
    end: int


def without_accents(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKD", text).translate(_accents())


@cache
def _accents() -> Mapping[int, None]:
    """What stands on the letter before it, in any script; nothing lies beyond the range."""
    return dict.fromkeys(code for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))


def plain(text: str) -> str:
    """Without case and accents, and with one kind of apostrophe."""
    return without_accents(text.translate(APOSTROPHES).casefold())


def tokens(text: str) -> list[Token]:
    """Words, numbers and signs in plain letters, parted at hyphens, each with its place in `text`."""
    letters, places = _letters(text)
    found = TOKEN.finditer(HYPHEN.sub(" ", letters))
    return [Token(each[0], places[each.start()], places[each.end() - 1] + 1) for each in found]


def singular(word: str) -> str:
    """The singular of a regular plural; any other word as it is."""
    if word.endswith("ies") and len(word) >= SHORTEST_IN_IES:
        return f"{word[:-3]}y"
    is_regular = word.endswith("s") and not word.endswith(UNCHANGED) and len(word) >= SHORTEST_PLURAL
    return word[:-1] if is_regular else word


def plural(word: str) -> str:
    """The regular plural; of one that looks like a plural, the word as it is."""
    if word.endswith("y") and word[-2:-1] not in VOWELS:
        return f"{word[:-1]}ies"
    return word if word.endswith("s") else f"{word}es" if word.endswith(("sh", "ch", "x")) else f"{word}s"


def is_plural(word: str) -> bool:
    """Whether a word looks like the name of several things."""
    return len(word) > SHORTEST_PLURAL and word.endswith("s") and not word.endswith(UNCHANGED)


def joined(several: Iterable[Token]) -> tuple[int, int]:
    """From where to where several words stand."""
    words = list(several)
    return min(each.start for each in words), max(each.end for each in words)


def _letters(text: str) -> tuple[str, range | list[int]]:
    """The text in plain letters, and the place in `text` of each of them."""
    lowered = text.translate(QUOTES)
    if lowered.isascii():
        return lowered.lower(), range(len(text))
    letters, places = [], []
    for at, sign in enumerate(lowered):
        for letter in without_accents(sign.lower()):
            if letter != VARIATION:
                letters.append(letter)
                places.append(at)
    return "".join(letters), places
