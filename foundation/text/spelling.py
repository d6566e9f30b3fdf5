"""Read a mistyped word as the nearest and commonest word that is known."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from foundation.text.normalise import singular

SHORTEST_WORD = 3
SHORTEST_TYPO = 4
LONG_WORD = 8
VOWELS = re.compile("[aeiouy]")
DOUBLED = re.compile(r"(.)\1")
ELONGATED = re.compile(r"([a-z])\1{2,}")


class Speller:
    """`is_word` tells an English word; one that is none is read as the nearest, commonest known word."""

    def __init__(self, words: Iterable[str], *, is_word: Callable[[str], bool]) -> None:
        self._spread = Counter(word for word in words if len(word) >= SHORTEST_WORD and word.isalpha())
        self._known = frozenset(word for word in self._spread if len(word) >= SHORTEST_TYPO)
        self._by_letter = {
            letter: sorted(w for w in self._known if w[0] == letter) for letter in {w[0] for w in self._known}
        }
        """Who mistypes a word seldom mistypes its first letter."""
        self._skeletons = {
            _skeleton(word): word for word in sorted(self._known, key=self._spread.__getitem__)
        }
        self._is_word = is_word
        self.corrected = lru_cache(8_192)(self._corrected)

    def shortened(self, word: str) -> str:
        """As in "sleeeep" and "sooo"."""
        if not ELONGATED.search(word):
            return word
        double = ELONGATED.sub(r"\1\1", word)
        return double if double in self._known or self._is_word(double) else ELONGATED.sub(r"\1", word)

    def is_used(self, word: str) -> bool:
        """Whether it is one of the words that customers use here."""
        return word in self._spread

    def is_known(self, word: str) -> bool:
        forms = (word, f"{word}s", singular(word))
        return self._is_word(word) or any(each in self._spread for each in forms)

    def _corrected(self, word: str, shortest: int = SHORTEST_TYPO) -> str:
        """Two words where they were written as one. shortest: the least letters that are corrected."""
        if len(word) == SHORTEST_WORD:
            return self._unswapped(word)
        if len(word) < shortest or not word.isalpha() or self.is_known(word):
            return word
        near = process.extract(
            word,
            self._by_letter.get(word[0], ()),
            scorer=DamerauLevenshtein.distance,
            score_cutoff=2 if len(word) >= LONG_WORD else 1,
            limit=None,
        )
        if near:
            return min(near, key=lambda each: (each[1], -self._spread[each[0]]))[0]
        return self._skeletons.get(_skeleton(word)) or self._parted(word)

    def _unswapped(self, word: str) -> str:
        """Two letters of a short word in their order: "nto"."""
        swapped = (word[1] + word[0] + word[2], word[0] + word[2] + word[1])
        if word in self._spread or self._is_word(word):
            return word
        return max(swapped, key=self._spread.__getitem__) if any(w in self._spread for w in swapped) else word

    def _parted(self, word: str) -> str:
        """Two known words written as one: "backpain"."""
        cuts = range(SHORTEST_TYPO, len(word) - SHORTEST_TYPO + 1)
        halves = ((word[:at], word[at:]) for at in cuts)
        return next((f"{first} {second}" for first, second in halves if {first, second} <= self._known), word)


SOUNDS = (
    (re.compile("qu(?=[ei])|c(?![eihu])|c(?=u)"), "k"),
    (re.compile("[zc](?=[ei])|z"), "s"),
    (re.compile("ll"), "y"),
    (re.compile("v"), "b"),
    (re.compile("g(?=[ei])"), "j"),
    (re.compile("(?<!c)h"), ""),
)


def sound(word: str) -> str:
    """A Spanish word by its sound, as who cannot spell it writes it: "kiero", "anciedad", "rodiyas"."""
    for letters, sounded in SOUNDS:
        word = letters.sub(sounded, word)
    return word


def _skeleton(word: str) -> str:
    """A word as text messages have it: its first letter and its consonants, doubled ones once."""
    return word[0] + DOUBLED.sub(r"\1", VOWELS.sub("", word[1:]))
