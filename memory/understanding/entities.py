"""What a customer names: the shop's things by their names, near misses included, amounts, dates and ids."""

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rapidfuzz import fuzz, process

from foundation.text.dates import dates
from foundation.text.language import Language
from foundation.text.normalise import plain, singular
from foundation.text.numbers import Kind, figures
from foundation.text.reader import TextReader, Utterance
from foundation.text.terms import Terms
from memory.ports import Catalogue, ShopName
from memory.understanding.models import Entity, EntityKind

TOKEN = re.compile(r"[^\W_]+(?:'\w+)?")
IDENTIFIER = re.compile(r"\b(ord|mem|raf)_[a-z0-9_]*[a-z0-9]")
IDENTIFIED: dict[str, EntityKind] = {"ord": "order", "mem": "membership", "raf": "raffle"}
LONGEST = 4_000
"""Characters that are read."""
SHORTEST_TYPO = 5
NEAR_WORD, NEAR_NAME = 82, 86
"""From 0 to 100, as rapidfuzz has it: below, a word or a name is another one."""
EVERYWHERE = 12
"""Names that a word may stand in and still lead to them, such as "owl"; "gummies" leads nowhere."""

Span = tuple[str, int, int]


@dataclass(frozen=True)
class _Names:
    """The catalogue, made ready to be found in a text."""

    reader: TextReader
    terms: Terms
    exact: dict[tuple[str, ...], ShopName]
    """Products by their names."""
    by_id: dict[str, ShopName]
    by_word: dict[str, list[tuple[str, ...]]]
    """Names of products by each of their rarer words."""
    by_letter: dict[str, tuple[str, ...]]
    longest: int

    @classmethod
    def of(cls, names: Sequence[ShopName], reader: TextReader) -> "_Names":
        products = [name for name in names if name.kind == "product"]
        exact: dict[tuple[str, ...], ShopName] = {}
        holding: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for name in products:
            for words in _sayings(name):
                if exact.setdefault(words, name) is name and len(words) > 1:
                    for word in set(words):
                        holding[word].append(words)
        by_word = {
            word: several
            for word, several in holding.items()
            if len({exact[words].id for words in several}) <= EVERYWHERE
        }
        by_letter: defaultdict[str, list[str]] = defaultdict(list)
        for word in {word for words in exact for word in words}:
            by_letter[word[0]].append(word)
        return cls(
            reader.naming(name.name for name in products),
            Terms({name.id: name.synonyms for name in names if name.kind != "product"}),
            exact,
            {name.id: name for name in names},
            by_word,
            {letter: tuple(words) for letter, words in by_letter.items()},
            max(map(len, exact), default=0),
        )


class Entities:
    """Follows the catalogue: names that change are known at the next message."""

    def __init__(self, catalogue: Catalogue, reader: TextReader) -> None:
        self._catalogue = catalogue
        self._reader = reader
        self._lock = threading.Lock()
        self._held: tuple[object, _Names] | None = None

    def find(self, text: str, *, today: date) -> tuple[Entity, ...]:
        """In the order named; of those that overlap, the longest. today: what "tomorrow" is after."""
        names, head = self._names(), text[:LONGEST]
        said = names.reader.read(head)
        found = [*_identifiers(head), *_amounts(said), *_dates(head, today), *self._named(said, names)]
        return _apart(found)

    def language(self, text: str) -> Language | None:
        return self._names().reader.read(text[:LONGEST]).language

    def things(self, text: str) -> list[tuple[ShopName, Entity]]:
        """The shop's own things alone, in the order named."""
        names = self._names()
        said = names.reader.read(text[:LONGEST])
        found = [*_amounts(said), *self._named(said, names)]
        return [(names.by_id[each.value], each) for each in _apart(found) if each.value in names.by_id]

    def _named(self, said: Utterance, names: _Names) -> Iterator[Entity]:
        """Terms by what they are called, products by their names, which may be misspelt."""
        for mention in names.terms.find(said.words):
            start, end = said.said(mention.start, mention.end)
            yield _entity(names.by_id[mention.value], said.raw, start, end)
        text, spans = said.raw, _spans(said.raw)
        words = [self._spelled(word, names) for word, _, _ in spans]
        for start in range(len(words)):
            for size in range(min(names.longest, len(words) - start), 0, -1):
                found = names.exact.get(tuple(words[start : start + size]))
                if found is not None:
                    part = spans[start : start + size]
                    score = fuzz.ratio(" ".join(w for w, _, _ in part), " ".join(words[start : start + size]))
                    yield _entity(found, text, part[0][1], part[-1][2], score=score / 100)
                    break
        yield from _near(text, spans, words, names)

    def _spelled(self, word: str, names: _Names) -> str:
        """The word of the catalogue that is nearest, if one is near enough."""
        if len(word) < SHORTEST_TYPO:
            return word
        return _nearest(word, names.by_letter.get(word[0], ()), self._reader.is_word)

    def _names(self) -> _Names:
        revision = self._catalogue.revision()
        with self._lock:
            if self._held is None or self._held[0] != revision:
                self._held = revision, _Names.of(self._catalogue.names(), self._reader)
            return self._held[1]


def _apart(found: Iterable[Entity]) -> tuple[Entity, ...]:
    kept: list[Entity] = []
    for each in sorted(found, key=lambda each: (each.start - each.end, -each.score, each.start)):
        if all(each.end <= other.start or other.end <= each.start for other in kept):
            kept.append(each)
    return tuple(sorted(kept, key=lambda each: each.start))


def _near(text: str, spans: Sequence[Span], words: Sequence[str], names: _Names) -> Iterator[Entity]:
    """Products whose name is said with a word missing or misspelt, which seldom changes its first letter."""
    for name in {name for word in set(words) for name in names.by_word.get(word, ())}:
        whole = " ".join(name)
        sizes = range(max(2, len(name) - 1), len(name) + 2)
        windows = [
            (start, size)
            for size in sizes
            for start in range(len(words) - size + 1)
            if not set(name).isdisjoint(words[start : start + size])
            and {word[0] for word in words[start : start + size]} <= {word[0] for word in name}
        ]
        said = [" ".join(words[start : start + size]) for start, size in windows]
        best = process.extractOne(whole, said, scorer=fuzz.ratio, score_cutoff=NEAR_NAME)
        if best is not None:
            start, size = windows[best[2]]
            part = spans[start : start + size]
            yield _entity(names.exact[name], text, part[0][1], part[-1][2], score=best[1] / 100)


def _sayings(name: ShopName) -> Iterator[tuple[str, ...]]:
    """A name as it may be said: without what stands behind a comma, in the singular, by other words."""
    for saying in (name.name, name.short, *name.synonyms):
        words = tuple(word for word, _, _ in _spans(saying))
        if words:
            yield words
            yield tuple(map(singular, words))


@lru_cache(8_192)
def _nearest(word: str, known: tuple[str, ...], is_word: Callable[[str], bool]) -> str:
    if word in known or is_word(word):
        return word
    best = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=NEAR_WORD)
    return best[0] if best else word


def _entity(name: ShopName, text: str, start: int, end: int, *, score: float = 1.0) -> Entity:
    return Entity(name.kind, name.id, text[start:end], start, end, round(score, 2))


def _amounts(said: Utterance) -> Iterator[Entity]:
    for figure in figures(said.words):
        if figure.kind is Kind.MONEY:
            start, end = said.said(figure.at, figure.at + 1)
            yield Entity("amount", str(int(100 * figure.value)), said.raw[start:end], start, end)


def _dates(text: str, today: date) -> Iterator[Entity]:
    for day, start, end in dates(text, today=today):
        yield Entity("date", day.isoformat(), text[start:end], start, end)


def _spans(text: str) -> list[Span]:
    """Each word in plain letters, and where it stands."""
    return [(plain(word[0]).removesuffix("'s"), word.start(), word.end()) for word in TOKEN.finditer(text)]


def _identifiers(text: str) -> Iterator[Entity]:
    for found in IDENTIFIER.finditer(text):
        yield Entity(IDENTIFIED[found[1]], found[0], found[0], found.start(), found.end())
