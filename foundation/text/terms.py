"""Find terms in the words of a sentence by the phrases that mean them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from foundation.text.normalise import singular

INTRODUCED = (("name", "is"), ("named",), ("called",))
"""Before the name of somebody, which may sound like a term: "my name is Rose Berry"."""
LONGEST_NAME = 2
REMEMBERED = 512

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Mention:
    """A term or a named thing, and the words `start` to `end` that say it."""

    value: str
    start: int
    end: int


class Terms:
    """Of phrases that overlap the longest counts; a plural is found by its singular, not the reverse."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """phrases: those that mean each term, beside its own name."""
        self._values: dict[Phrase, str] = {
            tuple(phrase.split()): term for term, several in phrases.items() for phrase in (term, *several)
        }
        self._openings = frozenset(phrase[0] for phrase in self._values)
        self._found = lru_cache(REMEMBERED)(self._find)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word for phrase in self._values for word in phrase)

    def find(self, words: Sequence[str]) -> tuple[Mention, ...]:
        """In the order said."""
        return self._found(tuple(words))

    def _find(self, words: Phrase) -> tuple[Mention, ...]:
        said = [_owned(word) for word in words]
        found: list[Mention] = []
        at = 0
        while at < len(said):
            length, value = self._at(said, at)
            if value is not None and not _is_name(said, at):
                found.append(Mention(value, at, at + length))
            at += max(length, 1)
        return tuple(found)

    def _at(self, words: Sequence[str], at: int) -> tuple[int, str | None]:
        """The length of the longest phrase here, 0 when none is, and its term."""
        if self._openings.isdisjoint((words[at], singular(words[at]))):
            return 0, None
        for length in range(min(self._longest, len(words) - at), 0, -1):
            said = tuple(words[at : at + length])
            for form in (said, (*said[:-1], singular(said[-1])), tuple(map(singular, said))):
                if form in self._values:
                    return length, self._values[form]
        return 0, None

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._values), default=0)


def _is_name(words: Sequence[str], at: int) -> bool:
    """Whether somebody says how they are called just before."""
    return any(
        tuple(words[start - len(opening) : start]) == opening
        for opening in INTRODUCED
        for start in range(max(at - LONGEST_NAME + 1, len(opening)), at + 1)
    )


def _owned(word: str) -> str:
    return word.removesuffix("'s")
