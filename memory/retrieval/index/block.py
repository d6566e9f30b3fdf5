"""Turns of one customer, ranked for a question: what every index ends in, wherever its turns come from."""

import threading
from bisect import insort
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

import numpy as np

from memory.conversations.models import Interaction, Speaker, day
from memory.conversations.store import Stored
from memory.embeddings import Vectors
from memory.retrieval import bm25 as ranking
from memory.retrieval.index.base import CLOSE, Match
from memory.retrieval.index.files import End, Mapped
from memory.retrieval.ranker import Arrays, Found, Line, Talk

SPEAKERS = (Speaker.CUSTOMER, Speaker.SHOP)
SILENCE = timedelta(hours=4)
"""After so long a session has ended, though the thread goes on."""
POSITIONS = "turns"
"""The array, beside those of the talk, that has the position of each turn."""
POSITION_BYTES = 40
TERMS_HELD = 512


@dataclass(frozen=True)
class Base:
    """A file to go on from, and the ledger for the words of its turns."""

    mapped: Mapped
    at: Callable[[Collection[int]], list[Stored]]
    latest: Callable[[int], list[Interaction]]


class Block:
    """Turns in the order they were learned, each of two lines: the customer's and ours."""

    def __init__(self, zone: ZoneInfo, *, base: Base | None = None) -> None:
        self._zone = zone
        self._base = base
        self._end = base.mapped.end if base else None
        self._talk = Talk(asker=Speaker.CUSTOMER, base=base.mapped.arrays if base else None)
        self._positions: list[int] = base.mapped.arrays[POSITIONS].tolist() if base else []
        self._held: dict[int, Interaction] = {}
        self._by_time: list[Interaction] = []
        self._characters = 0
        self._terms: dict[tuple[str, Speaker], Set[str]] = {}
        self._lock = threading.Lock()

    @property
    def end(self) -> End | None:
        """The turn learned last."""
        with self._lock:
            return self._end

    @property
    def size_bytes(self) -> int:
        """About what it occupies, beside its file."""
        with self._lock:
            return self._talk.size_bytes + self._characters + POSITION_BYTES * len(self._positions)

    @property
    def is_sound(self) -> bool:
        return self._base is None or self._base.mapped.is_whole

    def extend(self, news: Sequence[Stored]) -> None:
        with self._lock:
            held_to = self._end.position if self._end else 0
            fresh = [each for each in news if each.position > held_to]
            if not fresh:
                return
            lines = [line for each in fresh for line in self._taken_up(each)]
            self._talk.extend(lines, np.concatenate([each.vectors for each in fresh]).astype(np.float32))

    def arrays(self) -> Arrays:
        """All of it but the words as they were said, to be kept in a file."""
        with self._lock:
            return {POSITIONS: np.array(self._positions, np.int64), **self._talk.arrays()}

    def recent(self, limit: int) -> list[Interaction]:
        if self._base is not None:
            return self._base.latest(limit)
        with self._lock:
            return self._by_time[: -limit - 1 : -1]

    def search(self, question: str, vector: Vectors, *, limit: int) -> list[Match]:
        with self._lock:
            found = self._talk.search(question, vector)
        is_fit = (found.meaning >= CLOSE) | (found.worded > 0)
        scores = found.scores.reshape(-1, len(SPEAKERS))
        turns = np.where(is_fit[0::2] | is_fit[1::2], scores.max(axis=1, initial=-np.inf), -np.inf)
        best = [row for row in ranking.best_of(turns, limit) if turns[row] > -np.inf]
        interactions = self._interactions([self._positions[row] for row in best])
        return [
            self._match(found, row, turn, question=question)
            for row in best
            if (turn := interactions.get(self._positions[row])) is not None
        ]

    def _match(self, found: Found, row: int, turn: Interaction, *, question: str) -> Match:
        lines = slice(len(SPEAKERS) * row, len(SPEAKERS) * (row + 1))
        voice = int(found.scores[lines].argmax())
        speaker = SPEAKERS[voice]
        return Match(
            interaction=turn,
            speaker=speaker,
            score=float(found.scores[lines][voice]),
            meaning=float(found.meaning[lines][voice]),
            shared=ranking.shared(question, self._terms_of(turn, speaker)),
        )

    def _terms_of(self, turn: Interaction, speaker: Speaker) -> Set[str]:
        """Kept for a while: turns that fit once fit the next questions too."""
        known = self._terms.get((turn.id, speaker))
        if known is None:
            if len(self._terms) >= TERMS_HELD:
                self._terms.clear()
            known = self._terms[turn.id, speaker] = ranking.terms_of(turn.utterance(speaker, self._zone))
        return known

    def _interactions(self, positions: Sequence[int]) -> Mapping[int, Interaction]:
        """Those that are held, and the others as the ledger has them; what it forgot is not among them."""
        missing = [each for each in positions if each not in self._held]
        if self._base is None or not missing:
            return self._held
        return {**self._held, **{each.position: each.interaction for each in self._base.at(missing)}}

    def _taken_up(self, stored: Stored) -> Iterator[Line]:
        before, turn = self._end, stored.interaction
        opens = before is None or before.thread_id != turn.thread_id or turn.at - before.at > SILENCE
        oldest = min(turn.at, before.oldest) if before else turn.at
        self._end = End(stored.position, turn.id, turn.thread_id, turn.at, oldest)
        self._positions.append(stored.position)
        self._held[stored.position] = turn
        insort(self._by_time, turn, key=attrgetter("at"))
        for speaker in SPEAKERS:
            words = turn.words_of(speaker)
            self._characters += len(words)
            yield Line(speaker, words, day(turn.at, self._zone), opens=opens and speaker is SPEAKERS[0])
