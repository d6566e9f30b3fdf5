"""Bring slang, typos, emoji and Spanish to the plain English words that everything else is read from."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from foundation.text.glossary import Glossaries, Glossary, general
from foundation.text.language import Language, language_of
from foundation.text.normalise import Token, tokens
from foundation.text.numerals import NUMBER_WORDS, in_digits
from foundation.text.spelling import LONG_WORD, SHORTEST_TYPO, Speller, sound

LONGEST_MESSAGE = 4_000
SHORTEST_SPANISH_TYPO = 5
REMEMBERED = 256
CLITIC = re.compile(r"(?<=[aei]r)(?:me|te|se|nos|lo|la|los|las|le|les)$")
"""What Spanish hangs on an infinitive: "relajarse"."""

Name = tuple[str, ...]


@dataclass(frozen=True)
class Utterance:
    raw: str
    tokens: tuple[Token, ...]
    """Plain lower-case English, punctuation as words of its own, each with where `raw` says it."""
    language: Language | None
    """None where neither English nor Spanish shows."""

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(each.text for each in self.tokens)

    @property
    def is_spanish(self) -> bool:
        return self.language == "es"

    def said(self, start: int, end: int) -> tuple[int, int]:
        """Where `raw` says the words from `start` to `end`."""
        said = self.tokens[start:end]
        return min(each.start for each in said), max(each.end for each in said)


class TextReader:
    """Reads what customers write; one reader is shared by all who read the same shop's customers."""

    def __init__(
        self,
        glossaries: Glossaries,
        words: Iterable[str],
        *,
        is_word: Callable[[str], bool],
        names: frozenset[Name] = frozenset(),
    ) -> None:
        """words: those that customers use here, which typos are read as; is_word: whether a word is English.

        names: those of the shop's things, which stay as they are, whatever they mean in another language.
        """
        self.is_word = is_word
        self._given = tuple(words)
        plurals = {(*name[:-1], f"{name[-1]}s") for name in names}
        self._names = Glossary({name: name for name in names | plurals})
        self._glossaries = glossaries
        meant = _meant(glossaries)
        self._speller = Speller(self._given, is_word=lambda word: word in meant or is_word(word))
        self._spanish = frozenset(
            phrase[0]
            for phrase in glossaries.spanish.meanings
            if len(phrase) == 1 and phrase not in glossaries.spanish.ambiguous
        )
        self._by_sound = {sound(word): word for word in sorted(self._spanish)}
        self._by_letter = _by_letter(self._spanish)
        self.read = lru_cache(REMEMBERED)(self._read)

    def naming(self, names: Iterable[str]) -> "TextReader":
        """The same reader, which knows the shop's things by these names."""
        named = frozenset(name_words(name) for name in names)
        words = [*self._given, *(word for name in named for word in name)]
        return TextReader(self._glossaries, words, is_word=self.is_word, names=named - {()})

    def _read(self, raw: str) -> Utterance:
        text = raw[:LONGEST_MESSAGE]
        said = [each._replace(text=self._speller.shortened(each.text)) for each in tokens(text)]
        language = language_of(text, spanish=self._spanish)
        is_spanish = language == "es"
        if is_spanish:
            stems = [each._replace(text=self._stem(each.text)) for each in said]
            said = self._glossed(stems, self._glossaries.spanish, everything=True)
        said = self._glossed(said, self._glossaries.slang, everything=True)
        if not is_spanish:
            said = self._glossed(said, self._glossaries.spanish, everything=False)
        shortest = LONG_WORD - 2 if is_spanish else SHORTEST_TYPO
        spelled = [
            each._replace(text=part)
            for each in said
            for part in self._speller.corrected(each.text, shortest).split()
        ]
        spelled = self._glossed(spelled, self._glossaries.plain, everything=True)
        if language is None and self._is_usual(spelled):
            language = "en"
        return Utterance(raw, tuple(in_digits(spelled)), language)

    def _is_usual(self, said: Iterable[Token]) -> bool:
        """Whether the most of the words are those that customers use in English."""
        letters = [each.text for each in said if each.text.isalpha()]
        return 2 * sum(map(self._speller.is_used, letters)) > len(letters)

    def _glossed(self, said: list[Token], glossary: Glossary, *, everything: bool) -> list[Token]:
        """Names of the shop's things stay as they are."""
        words = [each.text for each in said]
        kept: list[Token] = []
        at = start = 0
        while at < len(words):
            length = self._names.length_at(words, at)
            if length:
                kept += glossary.applied(said[start:at], everything=everything)
                kept += said[at : at + length]
                start = at + length
            at += max(length, 1)
        return [*kept, *glossary.applied(said[start:], everything=everything)]

    def _stem(self, word: str) -> str:
        """A Spanish word as the glossary has it: "relajarse" as "relajar"."""
        if len(word) < SHORTEST_TYPO:
            return word
        meanings = self._glossaries.spanish.meanings
        if (word,) in meanings or not word.isalpha():
            return word
        forms = (word, CLITIC.sub("", word), word.removesuffix("s"), word.removesuffix("es"), f"{word}s")
        form = next((form for form in forms if (form,) in meanings), None)
        return form or self._by_sound.get(sound(word)) or self._mistyped(word)

    def _mistyped(self, word: str) -> str:
        """The Spanish word that is one letter away, of a word long enough."""
        if len(word) < SHORTEST_SPANISH_TYPO or self._speller.is_used(word):
            return word
        near = process.extractOne(
            word, self._by_letter.get(word[0], ()), scorer=DamerauLevenshtein.distance, score_cutoff=1
        )
        return near[0] if near else word


@cache
def general_reader() -> TextReader:
    """Reads numbers and the like where nothing of a shop is spoken of; it corrects no typos."""
    return TextReader(general(), (), is_word=lambda _: True)


def _meant(glossaries: Glossaries) -> frozenset[str]:
    """Words that are no typos: those of numbers, and what other ways to write mean."""
    meanings = (*glossaries.spanish.meanings.values(), *glossaries.slang.meanings.values())
    return NUMBER_WORDS | {word for meaning in meanings for word in meaning}


def name_words(name: str) -> Name:
    """A name without what stands behind a comma, as its words are read."""
    return tuple(each.text for each in tokens(name.partition(",")[0]) if each.text.isalnum())


def _by_letter(words: Iterable[str]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for word in sorted(words):
        lists.setdefault(word[0], []).append(word)
    return lists
