"""Word lists of other ways to write, and what they mean in plain English: `meant: written, written`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from foundation.text.normalise import Token, joined, without_accents

LISTS = Path(__file__).with_name("lexicon")
SHARED = "?"
"""Before a phrase that means something else in English too."""

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Glossary:
    """Phrases and their meanings, as tuples of words."""

    meanings: Mapping[Phrase, Phrase]
    ambiguous: frozenset[Phrase] = field(default_factory=frozenset)
    """What means something else in English too."""

    @cached_property
    def longest(self) -> int:
        return max(map(len, self.meanings), default=0)

    @cached_property
    def openings(self) -> frozenset[str]:
        """The words that phrases begin with."""
        return frozenset(phrase[0] for phrase in self.meanings)

    def with_more(self, other: "Glossary") -> "Glossary":
        return Glossary({**self.meanings, **other.meanings}, self.ambiguous | other.ambiguous)

    def length_at(self, words: Sequence[str], at: int) -> int:
        """The length of the longest phrase that starts here, 0 when none does."""
        if words[at] not in self.openings:
            return 0
        lengths = range(min(self.longest, len(words) - at), 0, -1)
        return next((each for each in lengths if tuple(words[at : at + each]) in self.meanings), 0)

    def applied(self, tokens: Sequence[Token], *, everything: bool) -> list[Token]:
        """The words with every phrase replaced by its meaning; `everything` takes shared ones too."""
        words = [each.text for each in tokens]
        glossed: list[Token] = []
        at = 0
        while at < len(words):
            length = self._usable_at(words, at, everything=everything)
            if length:
                place = joined(tokens[at : at + length])
                glossed += [Token(word, *place) for word in self.meanings[tuple(words[at : at + length])]]
            else:
                glossed.append(tokens[at])
            at += max(length, 1)
        return glossed

    def _usable_at(self, words: Sequence[str], at: int, *, everything: bool) -> int:
        if words[at] not in self.openings:
            return 0
        for length in range(min(self.longest, len(words) - at), 0, -1):
            phrase = tuple(words[at : at + length])
            if phrase in self.meanings and (everything or phrase not in self.ambiguous):
                return length
        return 0


def parse(written: Iterable[str]) -> Glossary:
    """Lines such as `dollars: bucks, usd`, or `eleven: ?once` where English has the word too."""
    meanings: dict[Phrase, Phrase] = {}
    ambiguous = set()
    for line in written:
        meant, _, several = line.partition(":")
        for said in several.split(", "):
            key = tuple(without_accents(said.strip().lstrip(SHARED)).split())
            meanings[key] = tuple(meant.split())
            if said.strip().startswith(SHARED):
                ambiguous.add(key)
    return Glossary(meanings, frozenset(ambiguous))


@dataclass(frozen=True)
class Glossaries:
    """How people write in each language."""

    spanish: Glossary
    slang: Glossary
    plain: Glossary = field(default_factory=lambda: Glossary({}))
    """Plain English that means another thing than its words; read last, however it was written."""

    def with_more(self, other: "Glossaries") -> "Glossaries":
        return Glossaries(
            self.spanish.with_more(other.spanish),
            self.slang.with_more(other.slang),
            self.plain.with_more(other.plain),
        )


@cache
def general() -> Glossaries:
    """What anybody writes, whatever is talked about."""
    return Glossaries(*(parse(lines(LISTS / f"{name}.txt")) for name in ("spanish", "slang")))


def lines(path: Path) -> Iterator[str]:
    """The lines that say something: not empty, no comment."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()
