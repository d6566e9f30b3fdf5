"""Find texts by the words of a question: BM25 (Robertson and Zaragoza, 2009), and which words are shared."""

import math
import re
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.text.normalise import plain

Scores = NDArray[np.float32]

SATURATION = 1.2
"""BM25's k1: how soon a repeated word stops counting."""
LENGTH_PENALTY = 0.75
"""BM25's b."""
MEANING_SHARE = 0.55
"""What meaning counts beside words, where a passage is searched for by these alone."""

TERM_BYTES = 150
"""What a term weighs in memory beside where it stands."""
NOTHING = np.empty(0, np.uint32)

WORD = re.compile(r"[^\W_]+")
SUFFIX = re.compile(r"(?<=\w{3})(?:ings?|ies|ied|ed|es|ly|s|y|e)$")
STOP_WORDS = frozenset(
    """a an and are as at be been but by can could did do does for from had has have he her his how i if in
    is it its just like me my of on or our she so some that the their them then there they this to us was we
    were what when where which who will with would you your""".split()
)


def words_of(text: str) -> list[str]:
    """The words that count, without case and accents."""
    return [word for word in WORD.findall(plain(text)) if word not in STOP_WORDS]


@lru_cache(8_192)
def term(word: str) -> str:
    """The word without its ending."""
    return SUFFIX.sub("", word)


def terms_of(text: str) -> frozenset[str]:
    return frozenset(map(term, words_of(text)))


def shared(question: str, terms: Set[str]) -> tuple[str, ...]:
    """The words of the question that a text of these terms holds, in any form."""
    return tuple(dict.fromkeys(word for word in words_of(question) if term(word) in terms))


class WordIndex:
    """Which texts hold which words; texts are known by their position and only ever added."""

    def __init__(self, base: Mapping[str, NDArray[Any]] | None = None) -> None:
        """`base` is what another index gave out by `arrays`; this one goes on from there."""
        kept = base or {}
        self._postings: defaultdict[str, array[int]] = defaultdict(partial(array, "I"))
        self._lengths = array("I", kept["lengths"].tobytes() if kept else b"")
        self._kept = {word: row for row, word in enumerate(texts_of(kept["terms"]))} if kept else {}
        self._kept_ends = kept.get("ends", NOTHING)
        self._kept_positions = kept.get("positions", NOTHING)

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def size_bytes(self) -> int:
        """About what it occupies, beside what it began with."""
        terms = TERM_BYTES * (len(self._postings) + len(self._kept))
        return terms + sum(4 * len(each) for each in self._postings.values()) + 4 * len(self._lengths)

    def add(self, text: str) -> None:
        words = words_of(text)
        position = len(self._lengths)
        for word in words:
            self._postings[term(word)].append(position)
        self._lengths.append(len(words))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, to be kept: where each term stands, the terms one after the other."""
        terms = sorted(self._kept.keys() | self._postings.keys())
        places = [self._positions(each) for each in terms]
        return {
            "terms": text_array(terms),
            "ends": np.cumsum([len(each) for each in places], dtype=np.int64),
            "positions": np.concatenate([NOTHING, *places]).astype(np.uint32),
            "lengths": np.array(self._lengths, np.uint32),
        }

    def scores(self, question: str) -> Scores:
        """BM25 of every text, in the order they were added."""
        lengths = np.array(self._lengths, np.float32)
        scores, resistance = np.zeros_like(lengths), _resistance(lengths)
        for counts in self._counts(question):
            scores += _weight(counts, resistance)
        return scores

    def scores_in_windows(self, question: str, opens: NDArray[np.bool_]) -> tuple[Scores, Scores]:
        """The same, and BM25 of each text together with the two beside it; none is beyond an opening one."""
        lengths = np.array(self._lengths, np.float32)
        scores, window_scores = np.zeros_like(lengths), np.zeros_like(lengths)
        resistance = _resistance(lengths)
        window_resistance = _resistance(with_neighbours(lengths, opens))
        for counts in self._counts(question):
            scores += _weight(counts, resistance)
            window_scores += _weight(with_neighbours(counts, opens), window_resistance)
        return scores, window_scores

    def _counts(self, question: str) -> Iterator[Scores]:
        """How often each text has a word of the question, for each such word."""
        total = len(self._lengths)
        for each in sorted(set(map(term, words_of(question)))):
            positions = self._positions(each)
            if len(positions):
                yield np.bincount(positions, minlength=total).astype(np.float32)

    def _positions(self, word: str) -> NDArray[np.uint32]:
        new = np.array(self._postings.get(word, ()), np.uint32)
        row = self._kept.get(word)
        if row is None:
            return new
        start = self._kept_ends[row - 1] if row else 0
        return np.concatenate([self._kept_positions[start : self._kept_ends[row]], new])


def text_array(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Texts without line breaks, as bytes."""
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def texts_of(stored: NDArray[np.uint8]) -> list[str]:
    return stored.tobytes().decode().split("\n") if len(stored) else []


def best_of(scores: Scores, limit: int) -> list[int]:
    """The places of the highest, in order; of equal ones the first."""
    if limit < len(scores):
        least = np.partition(scores, -limit)[-limit]
        places = np.flatnonzero(scores >= least)
    else:
        places = np.arange(len(scores))
    order: list[int] = places[np.argsort(-scores[places], kind="stable")][:limit].tolist()
    return order


def with_neighbours(scores: Scores, opens: NDArray[np.bool_], *, share: float = 1.0) -> Scores:
    """Each with a share of the one before and the one after it, in the same session."""
    joined = ~opens[1:]
    together = scores.copy()
    together[1:] += share * scores[:-1] * joined
    together[:-1] += share * scores[1:] * joined
    return together


def _resistance(lengths: Scores) -> Scores:
    relative = lengths / max(float(lengths.mean()), 1.0) if len(lengths) else lengths
    resistance: Scores = SATURATION * (1 - LENGTH_PENALTY + LENGTH_PENALTY * relative)
    return resistance


def _weight(counts: Scores, resistance: Scores) -> Scores:
    holding = int(np.count_nonzero(counts))
    rarity = math.log(1 + (len(counts) - holding + 0.5) / (holding + 0.5))
    weight: Scores = rarity * (SATURATION + 1) * counts / (counts + resistance)
    return weight


def shares(scores: Scores) -> Scores:
    """Of the best one: between 0 and 1."""
    top = float(scores.max(initial=0.0))
    shared_out: Scores = np.clip(scores, 0.0, None) / top if top > 0 else np.zeros_like(scores)
    return shared_out
