"""Bring slang, typos, emoji and Spanish to the plain English words that the rest understands."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from agent.models.offline import lexicon
from agent.models.offline.amounts import as_digits

LONGEST_MESSAGE = 4_000
SHORTEST_WORD = 3
SHORTEST_TYPO = 4
LONG_WORD = 8
MOSTLY = 0.4
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
QUOTES = str.maketrans("\u2019\u2018\u201c\u201d\u2026\u2013\u2014\u00bf\u00a1", "''\"\".-,  ")
"""Typographic quotes and dashes, and the signs that open a Spanish question."""
SPANISH_SIGNS = re.compile("[¿¡ñáéíóú]")
HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
CLITIC = re.compile(r"(?<=[aei]r)(?:me|te|se|nos|lo|la|los|las|le|les)$")
"""What Spanish hangs on an infinitive: "relajarse"."""
VOWELS = re.compile("[aeiouy]")
DOUBLED = re.compile(r"(.)\1")
ELONGATED = re.compile(r"([a-z])\1{2,}")


@dataclass(frozen=True)
class Utterance:
    raw: str
    words: tuple[str, ...]
    """Plain lower-case English, punctuation as words of its own."""
    is_spanish: bool


class Language:
    """`is_word` tells an English word; one that is none is read as the nearest, commonest shop word."""

    def __init__(
        self,
        shop_words: Iterable[str],
        *,
        is_word: Callable[[str], bool],
        names: frozenset[tuple[str, ...]] = frozenset(),
    ) -> None:
        plurals = {(*name[:-1], f"{name[-1]}s") for name in names}
        self._names = lexicon.Glossary({name: name for name in names | plurals})
        self._slang = lexicon.glossary("slang.txt")
        self._spanish = lexicon.glossary("spanish.txt")
        self._spread = Counter(word for word in shop_words if len(word) >= SHORTEST_WORD and word.isalpha())
        self._known = frozenset(word for word in self._spread if len(word) >= SHORTEST_TYPO)
        self._by_letter = {
            letter: sorted(w for w in self._known if w[0] == letter) for letter in {w[0] for w in self._known}
        }
        """Who mistypes a word seldom mistypes its first letter."""
        self._skeletons = {
            _skeleton(word): word for word in sorted(self._known, key=self._spread.__getitem__)
        }
        self._is_word = is_word

    def read(self, raw: str) -> Utterance:
        text = unicodedata.normalize("NFC", raw[:LONGEST_MESSAGE]).lower()
        words = [self._shortened(word) for word in _words(text)]
        is_spanish = self._is_spanish(text, words)
        if is_spanish:
            words = self._gloss([self._stem(word) for word in words], self._spanish, everything=True)
        words = self._gloss(words, self._slang, everything=True)
        if not is_spanish:
            words = self._gloss(words, self._spanish, everything=False)
        shortest = LONG_WORD - 2 if is_spanish else SHORTEST_TYPO
        spelled = [part for word in words for part in self._spelled(word, shortest=shortest).split()]
        return Utterance(raw, tuple(as_digits(spelled)), is_spanish)

    def _gloss(self, words: Sequence[str], glossary: lexicon.Glossary, *, everything: bool) -> list[str]:
        """Names of the shop's things stay as they are, whatever they mean in another language."""
        kept: list[str] = []
        at = start = 0
        while at < len(words):
            length = _phrase(words, at, self._names)
            if length:
                kept += [*gloss(words[start:at], glossary, everything=everything), *words[at : at + length]]
                start = at + length
            at += max(length, 1)
        return [*kept, *gloss(words[start:], glossary, everything=everything)]

    def _is_spanish(self, text: str, words: Sequence[str]) -> bool:
        letters = [word for word in words if word.isalpha()]
        sure = [w for w in letters if (w,) in self._spanish.meanings and (w,) not in self._spanish.ambiguous]
        foreign = [w for w in letters if not self._is_word(w) and (w,) not in self._spanish.meanings]
        if not sure:
            return False
        signed = SPANISH_SIGNS.search(text) is not None
        return signed or len(sure) >= MOSTLY * max(1, len(letters) - len(foreign))

    def _stem(self, word: str) -> str:
        """A Spanish word as the glossary has it: "relajarse" as "relajar"."""
        if len(word) < SHORTEST_TYPO:
            return word
        forms = (word, CLITIC.sub("", word), word.removesuffix("s"), word.removesuffix("es"), f"{word}s")
        return next((form for form in forms if (form,) in self._spanish.meanings), word)

    def _shortened(self, word: str) -> str:
        """As in "sleeeep" and "sooo"."""
        if not ELONGATED.search(word):
            return word
        double = ELONGATED.sub(r"\1\1", word)
        return double if double in self._known or self._is_word(double) else ELONGATED.sub(r"\1", word)

    def _is_known(self, word: str) -> bool:
        singular = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
        return self._is_word(word) or bool({word, f"{word}s", singular} & self._known)

    def _spelled(self, word: str, *, shortest: int) -> str:
        if len(word) == SHORTEST_WORD:
            return self._unswapped(word)
        if len(word) < shortest or not word.isalpha() or self._is_known(word):
            return word
        allowed = 2 if len(word) >= LONG_WORD else 1
        near = process.extract(
            word,
            self._by_letter.get(word[0], ()),
            scorer=DamerauLevenshtein.distance,
            score_cutoff=allowed,
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
        """Two of the shop's words written as one: "backpain"."""
        cuts = range(SHORTEST_TYPO, len(word) - SHORTEST_TYPO + 1)
        halves = ((word[:at], word[at:]) for at in cuts)
        return next((f"{first} {second}" for first, second in halves if {first, second} <= self._known), word)


def _skeleton(word: str) -> str:
    """A word as text messages have it: its first letter and its consonants, doubled ones once."""
    return word[0] + DOUBLED.sub(r"\1", VOWELS.sub("", word[1:]))


def _phrase(words: Sequence[str], at: int, glossary: lexicon.Glossary) -> int:
    """The length of the glossary's longest phrase that starts here, 0 when none does."""
    for length in range(min(glossary.longest, len(words) - at), 0, -1):
        if tuple(words[at : at + length]) in glossary.meanings:
            return length
    return 0


def gloss(words: Sequence[str], glossary: lexicon.Glossary, *, everything: bool) -> list[str]:
    """The words with every phrase of the glossary replaced, longest first."""
    glossed: list[str] = []
    at = 0
    while at < len(words):
        for length in range(min(glossary.longest, len(words) - at), 0, -1):
            phrase = tuple(words[at : at + length])
            if phrase in glossary.meanings and (everything or phrase not in glossary.ambiguous):
                glossed += glossary.meanings[phrase]
                at += length
                break
        else:
            glossed.append(words[at])
            at += 1
    return glossed


def _words(text: str) -> list[str]:
    plain = HYPHEN.sub(" ", lexicon.without_accents(text.translate(QUOTES)).replace("\ufe0f", ""))
    return TOKEN.findall(plain)
