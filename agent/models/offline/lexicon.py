"""Read the word lists beside this file: how people write, in English and in Spanish, and what they mean."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

HOME = Path(__file__).parent
LISTS = HOME / "lexicon"


@dataclass(frozen=True)
class Glossary:
    """Phrases and their meanings, as tuples of words."""

    meanings: Mapping[tuple[str, ...], tuple[str, ...]]
    ambiguous: frozenset[tuple[str, ...]] = field(default_factory=frozenset)
    """What means something else in English too."""

    @cached_property
    def longest(self) -> int:
        return max(map(len, self.meanings), default=0)


def glossary(name: str) -> Glossary:
    meanings, ambiguous = {}, set()
    for line in lines(LISTS / name):
        written, _, meant = line.partition("=")
        key = tuple(without_accents(written.lstrip("?")).split())
        meanings[key] = tuple(meant.replace("-", " ").split())
        if written.startswith("?"):
            ambiguous.add(key)
    return Glossary(meanings, frozenset(ambiguous))


def choices() -> dict[str, tuple[str, ...]]:
    """The customers' words for each choice."""
    pairs = (line.partition(":") for line in lines(LISTS / "choices.txt"))
    return {choice.strip(): tuple(w.strip() for w in words.split(",")) for choice, _, words in pairs}


@cache
def words() -> dict[str, frozenset[str]]:
    """Small words by what they do in a sentence."""
    pairs = (line.partition(":") for line in lines(LISTS / "words.txt"))
    return {group.strip(): frozenset(members.split()) for group, _, members in pairs}


def smalltalk() -> dict[str, tuple[str, ...]]:
    """Example utterances of each class that no tool answers."""
    return {path.stem: tuple(lines(path)) for path in sorted((HOME / "smalltalk").glob("*.txt"))}


def without_accents(text: str) -> str:
    kept = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(kept)


def lines(path: Path) -> Iterator[str]:
    """The lines that say something: not empty, no comment."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()
