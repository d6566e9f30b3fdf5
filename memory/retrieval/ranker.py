"""Rank what was said for a question: meaning and words of a line, of its neighbours and of its session.

Each signal is standardised over the customer's whole talk and the signals are added by weight, which
on conversations finds more than reciprocal rank fusion does. `FUSED` are weights set by hand, and the
prior of `LEARNED`, which were learned from conversations of the generated shop.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory.embeddings import DIMENSIONS, Vectors
from memory.retrieval.bm25 import (
    WORD,
    Scores,
    WordIndex,
    best_of,
    text_array,
    texts_of,
    with_neighbours,
    words_of,
)

BESIDE = 0.5
"""How much of a neighbour's meaning is in that of a window."""
BEST_OF_SESSION = 3
FIRST_PERSON = frozenset("i me my mine myself".split())
SECOND_PERSON = frozenset("you your yours yourself".split())


class Weights(NamedTuple):
    """What a line gains by each signal; without unit, as the signals are."""

    meaning: float
    """Cosine of the line."""
    words: float
    """BM25 of the line."""
    window_meaning: float
    """The same two with the lines beside it: an answer often holds nothing of its question."""
    window_words: float
    answers: float
    """How well the line before fits, if that one asked something."""
    session: float
    """Mean of the best three in its session."""
    voice: float
    """Whether its speaker is the one asked about."""
    length: float
    """Logarithm of its words: a greeting answers nothing."""


FUSED = Weights(
    meaning=0.6,
    words=0.2,
    window_meaning=0.3,
    window_words=0.5,
    answers=0.3,
    session=0.75,
    voice=1.5,
    length=0.3,
)
LEARNED_FILE = Path(__file__).with_name("ranker.json")
"""Written by `python -m evals.recall.learning`."""
LEARNED = Weights(**json.loads(LEARNED_FILE.read_text(encoding="utf-8"))["weights"])


@dataclass(frozen=True)
class Line:
    """What somebody said at a stretch."""

    speaker: str
    text: str
    day: str
    """As people write it, such as `3 May 2026`; a question may name it."""
    opens: bool = False
    """Whether a session begins with it."""


@dataclass(frozen=True)
class Found:
    """One number a line, in the order they were said."""

    scores: Scores
    meaning: Scores
    """Cosine with the question."""
    worded: Scores
    """BM25; above 0 when the line has a word of the question."""


Arrays = Mapping[str, NDArray[Any]]


class Talk:
    """The lines of one customer, with all that ranking needs; lines are only ever added."""

    def __init__(self, *, asker: str | None = None, base: Arrays | None = None) -> None:
        """`asker` is the speaker who asks the questions: whom `I` means, and whom `you` does not.

        `base` is what another talk gave out by `arrays`; this one goes on from there without a copy.
        """
        self._asker = asker
        self._words = WordIndex(base)
        self._speakers: list[str] = texts_of(base["speakers"]) if base else []
        self._matrix = Rows(DIMENSIONS, base=base["matrix"] if base else None)
        self._traits = Rows(len(Traits._fields))
        if base:
            self._traits.extend(base["traits"])

    def __len__(self) -> int:
        return len(self._words)

    @property
    def size_bytes(self) -> int:
        """Of memory, beside what it began with."""
        return self._matrix.size_bytes + self._traits.size_bytes + self._words.size_bytes

    def extend(self, lines: Sequence[Line], vectors: Vectors) -> None:
        """Take lines up with their vectors, a row each."""
        for line in lines:
            self._words.add(f"{line.speaker} ({line.day}): {line.text}")
            if line.speaker not in self._speakers:
                self._speakers.append(line.speaker)
        traits = [_traits(line, speaker=self._speakers.index(line.speaker)) for line in lines]
        self._traits.extend(np.array(traits, np.float32).reshape(-1, len(Traits._fields)))
        self._matrix.extend(vectors)

    def arrays(self) -> Arrays:
        """All of it, to be kept and gone on from."""
        return {
            "matrix": self._matrix.all(),
            "traits": self._traits.all(),
            "speakers": text_array(self._speakers),
            **self._words.arrays(),
        }

    def search(self, question: str, vector: Vectors, *, weights: Weights = LEARNED) -> Found:
        meaning = self._matrix @ vector
        signals, worded = self._signals(question, meaning)
        return Found(signals @ np.array(weights, np.float32), meaning, worded)

    def signals(self, question: str, vector: Vectors) -> NDArray[np.float32]:
        """A row for each line, a column for each weight."""
        return self._signals(question, self._matrix @ vector)[0]

    def nearest(self, vector: Vectors, *, limit: int) -> list[int]:
        """The lines closest in meaning alone, the best first."""
        return best_of(self._matrix @ vector, limit)

    def _signals(self, question: str, meaning: Scores) -> tuple[NDArray[np.float32], Scores]:
        traits = Traits(*self._traits.all()[: len(meaning)].T)
        opens = traits.opens > 0
        worded, window_worded = self._words.scores_in_windows(question, opens)
        window = with_neighbours(meaning, opens, share=BESIDE)
        own = [standard(each) for each in (meaning, worded, window, window_worded)]
        fit = np.stack(own, axis=1) @ np.array(FUSED[: len(own)], np.float32)
        columns = (
            *own,
            _before(fit * traits.asks, opens),
            _best_of_session(fit, opens),
            traits.speaker == self._meant(question),
            standard(traits.length),
        )
        return np.stack([np.asarray(each, np.float32) for each in columns], axis=1), worded

    def _meant(self, question: str) -> int:
        """The number of the one speaker a question is about; -1 where it is about both or none."""
        asked = set(WORD.findall(question.casefold()))
        meant = [number for number, each in enumerate(self._speakers) if self._is_meant(each, asked)]
        return meant[0] if len(meant) == 1 else -1

    def _is_meant(self, speaker: str, asked: set[str]) -> bool:
        pronouns = FIRST_PERSON if speaker == self._asker else SECOND_PERSON
        is_addressed = self._asker is not None and bool(asked & pronouns)
        return is_addressed or bool(asked & set(WORD.findall(speaker.casefold())))


class Traits(NamedTuple):
    """What a line is by itself, a number each."""

    opens: Scores
    asks: Scores
    length: Scores
    speaker: Scores


class Rows:
    """A matrix that grows at its end, and seldom moves for it; `base` is not copied."""

    def __init__(self, width: int, *, base: NDArray[np.float32] | None = None) -> None:
        self._base = np.empty((0, width), np.float32) if base is None else base
        self._buffer = np.empty((0, width), np.float32)
        self._grown = self._buffer

    def __len__(self) -> int:
        return len(self._base) + len(self._grown)

    def __matmul__(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        if not len(self._base):
            product: NDArray[np.float32] = self._grown @ vector
            return product
        return np.concatenate([self._base @ vector, self._grown @ vector])

    @property
    def size_bytes(self) -> int:
        return self._buffer.nbytes

    def all(self) -> NDArray[np.float32]:
        return np.concatenate([self._base, self._grown]) if len(self._base) else self._grown

    def extend(self, rows: NDArray[np.float32]) -> None:
        end = len(self._grown) + len(rows)
        if end > len(self._buffer):
            buffer = np.empty((end + end // 4, self._buffer.shape[1]), np.float32)
            buffer[: len(self._grown)] = self._grown
            self._buffer = buffer
        self._buffer[len(self._grown) : end] = rows
        self._grown = self._buffer[:end]


def standard(scores: Scores) -> Scores:
    """With mean 0 and spread 1; all 0 where they are equal."""
    spread = float(scores.std()) if len(scores) else 0.0
    standardised: Scores = (scores - scores.mean()) / spread if spread > 0 else np.zeros_like(scores)
    return standardised


def _traits(line: Line, *, speaker: int) -> tuple[float, ...]:
    return line.opens, "?" in line.text, math.log1p(len(words_of(line.text))), speaker


def _before(scores: Scores, opens: NDArray[np.bool_]) -> Scores:
    """The score of the line before, 0 where a session begins."""
    moved = np.roll(scores, 1)
    moved[opens] = 0
    return moved


def _best_of_session(scores: Scores, opens: NDArray[np.bool_]) -> Scores:
    """The mean of the best few in the session of each line."""
    first = np.flatnonzero(opens)
    last = np.append(first[1:], len(scores))
    session = np.cumsum(opens) - 1
    # Sorted within sessions by one sort: each session's scores lie in a unit interval of its own.
    low, high = scores.min(initial=0.0), scores.max(initial=0.0)
    width = 2 * max(float(high - low), 1e-9)
    ranked = np.sort(session + (scores.astype(np.float64) - low) / width)
    total = np.zeros(len(first))
    for place in range(1, BEST_OF_SESSION + 1):
        row = last - place
        total += np.where(row >= first, ranked[np.maximum(row, first)] - np.arange(len(first)), 0)
    mean: Scores = (total / np.minimum(last - first, BEST_OF_SESSION) * width + low).astype(np.float32)
    every: Scores = mean[session]
    return every
