"""Find the named things of the shop in a customer's words: by whole names or their telling parts."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from agent.models.offline.vocabulary import PUNCTUATION, Named
from foundation.text.normalise import without_accents
from foundation.text.terms import Mention

COVERED = 0.6
"""How much of a name, weighed by how telling its words are, must be said to mean it among many."""
HINTED = 0.3
"""The same where there are only a few to choose from."""
FEW = 12
PLAIN_WORD = 0.25
"""What a word counts that is also a choice, such as "gummies" in the name of one."""
SIZE_WORD = 0.1
"""What a word counts that only gives the size: "Still Water Tincture, 500 mg"."""
SMALL_WORDS = {"the", "a", "of", "and", "for", "raffle", "raffles", "product", "one"}
PURPOSE = {"for", "at", "on"}


@dataclass(frozen=True)
class _Entry:
    named: Named
    weights: Mapping[str, float]
    """Its words, and what share of the name each one is."""
    runs: frozenset[tuple[str, ...]]
    """The neighbouring words of the name proper, without its size."""
    size: frozenset[str]
    form: str
    """What the name ends in: gummies, lotion, raffle."""


@dataclass(frozen=True)
class _Match:
    named: Named
    share: float
    places: tuple[int, ...]

    @property
    def mention(self) -> Mention:
        return Mention(self.named.id, min(self.places), max(self.places) + 1)


class Names:
    def __init__(self, named: Sequence[Named], *, plain: frozenset[str] = frozenset()) -> None:
        self._kinds: dict[str, list[_Entry]] = {}
        self._holding: dict[tuple[str, str], list[_Entry]] = defaultdict(list)
        for kind in {each.kind for each in named}:
            self._kinds[kind] = list(_entries([each for each in named if each.kind == kind], plain))
            for entry in self._kinds[kind]:
                for word in entry.weights:
                    self._holding[kind, word].append(entry)
        entries = [entry for entries in self._kinds.values() for entry in entries]
        self._kind_of = {entry.named.id: kind for kind, held in self._kinds.items() for entry in held}
        self.words = frozenset(word for entry in entries for word in entry.weights)
        self.forms = frozenset(entry.form for entry in entries)
        self.runs = frozenset(run for entry in entries for run in entry.runs)

    def of_kind(self, kind: str) -> list[Named]:
        return [entry.named for entry in self._kinds.get(kind, [])]

    def kind_of(self, thing_id: str) -> str | None:
        return self._kind_of.get(thing_id)

    def fragment(self, words: Sequence[str]) -> str:
        """Two or more neighbouring words that stand so in some name: "drift line"."""
        for length in range(len(words), 1, -1):
            for start in range(len(words) - length + 1):
                if tuple(words[start : start + length]) in self.runs:
                    return " ".join(words[start : start + length])
        return ""

    def best(self, words: Sequence[str], *, kind: str) -> tuple[Named, Mention] | None:
        """The one thing of this kind that these words name; None when it is none or could be several.

        Where several share the words said, as sizes of one product do, those words stand for the id.
        """
        matches = self._matches(words, kind)
        if not matches:
            return None
        first = matches[0]
        tied = [match for match in matches if math.isclose(match.share, first.share, abs_tol=0.02)]
        if len(tied) == 1:
            return first.named, first.mention
        shared = {match.places for match in tied}
        if len(shared) > 1 or first.share < COVERED:
            return None
        text = " ".join(words[at] for at in sorted(first.places))
        return Named(kind, text, text), Mention(text, *_extent(first.places))

    def all(self, words: Sequence[str], *, kind: str) -> list[tuple[Named, Mention]]:
        """Every thing of this kind that is named as good as whole, none of them by the words of another."""
        taken: set[int] = set()
        found = []
        for match in self._matches(words, kind):
            if match.share >= COVERED and not taken & set(match.places):
                taken |= set(match.places)
                found.append((match.named, match.mention))
        return sorted(found, key=lambda each: each[1].start)

    def _matches(self, words: Sequence[str], kind: str) -> list[_Match]:
        """The things named, the surest first."""
        said = _said(words)
        is_few = len(self._kinds.get(kind, ())) <= FEW
        touched = {entry.named.id: entry for word in said for entry in self._holding.get((kind, word), ())}
        found = (match for entry in touched.values() for match in _found(entry, said, together=not is_few))
        sure = [m for m in found if m.share >= (HINTED if is_few else COVERED)]
        kept = [m for m in sure if is_few or _is_named(touched[m.named.id], m, words)]
        return sorted(kept, key=lambda match: (-match.share, -len(match.places)))


def _entries(named: Sequence[Named], plain: frozenset[str]) -> Iterator[_Entry]:
    split = [[w for w in name_words(each.name) if w not in SMALL_WORDS] for each in named]
    spread = Counter(word for words in split for word in set(words))
    for each, words in zip(named, split, strict=True):
        proper = name_words(each.name.split(",")[0])
        telling = {
            word: math.log(1 + len(named) / spread[word])
            * (SIZE_WORD if word not in proper else PLAIN_WORD if word in plain else 1)
            for word in words
        }
        whole = sum(telling.values()) or 1.0
        weights = {word: weight / whole for word, weight in telling.items()}
        form = proper[-1] if proper else ""
        yield _Entry(each, weights, frozenset(_runs(proper)), frozenset(weights) - {*proper}, form)


def _found(entry: _Entry, said: Mapping[str, int], *, together: bool) -> Iterator[_Match]:
    """The name as a whole and, where only words that stand together count, each run of it that is said."""
    found = {word: said[word] for word in entry.weights if word in said}
    places = tuple(sorted(set(found.values())))
    yield _match(entry, found, places)
    if together and places[-1] - places[0] >= len(places):
        for run in _neighbours(places):
            yield _match(entry, found, run)


def _match(entry: _Entry, found: Mapping[str, int], places: tuple[int, ...]) -> _Match:
    return _Match(entry.named, sum(entry.weights[word] for word, at in found.items() if at in places), places)


def _neighbours(places: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for _, run in groupby(enumerate(places), key=lambda each: each[1] - each[0]):
        yield tuple(at for _, at in run)


def _is_named(entry: _Entry, match: _Match, words: Sequence[str]) -> bool:
    """Among many names common words are no name: they must stand together, and not say a purpose.

    What it is may come first, as in Spanish: "gummies night owl".

    "what have you got for game night" asks for no Game Night Cartridge.
    """
    start, end = _extent(match.places)
    parts = [part for word in words[start:end] for part in name_words(word) if part not in entry.size]
    said = [next((p for p in (part, f"{part}s", part[:-1]) if p in entry.weights), part) for part in parts]
    turned = (*said[1:], *said[:1])
    together = bool({tuple(said), tuple(reversed(said)), turned} & entry.runs) or len(entry.weights) == 1
    is_purpose = start > 0 and words[start - 1] in PURPOSE and entry.form not in said
    return together and not is_purpose


def _said(words: Sequence[str]) -> dict[str, int]:
    """Where each word stands, the parts of a hyphenated one and singular and plural alike."""
    said: dict[str, int] = {}
    for at, word in enumerate(words):
        if word in PUNCTUATION:
            continue
        for part in name_words(word):
            said[part] = at
            said.setdefault(f"{part}s", at)
            if part.endswith("s"):
                said.setdefault(part[:-1], at)
    return said


def _extent(places: Sequence[int]) -> tuple[int, int]:
    return min(places), max(places) + 1


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for length in range(2, len(words) + 1):
        for start in range(len(words) - length + 1):
            yield tuple(words[start : start + length])


def name_words(name: str) -> list[str]:
    plain = without_accents(name.lower())
    return "".join(c if c.isalnum() else " " for c in plain).split()
