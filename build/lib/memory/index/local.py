"""Exact search over a customer's own turns, held in this process and kept up to date from the ledger."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from memory import ranking
from memory.embeddings import DIMENSIONS, Vectors
from memory.index.base import CLOSE, Match
from memory.interactions import Interaction, Speaker
from memory.store import MemoryStore, Stored

SPEAKERS = (Speaker.CUSTOMER, Speaker.SHOP)


class LocalIndex:
    """Holds the customers used last, up to `held_bytes`; the ledger remains the truth.

    Each use reads what lies beyond the last turn held, and the last one itself: is that gone,
    the customer was erased, and so is what is held of them.
    """

    def __init__(self, store: MemoryStore, *, zone: ZoneInfo, held_bytes: int = 256 * 2**20) -> None:
        self._store = store
        self._zone = zone
        self._held_bytes = held_bytes
        self._blocks: OrderedDict[str, tuple[Block, int]] = OrderedDict()
        self._total_bytes = 0
        self._lock = threading.Lock()

    def open(self, customer_id: str) -> "Block":
        with self._lock:
            block, _ = self._blocks.get(customer_id) or (Block(self._zone), 0)
        position, last_id = block.last
        news = self._store.since(customer_id, position)
        if last_id is not None and (not news or news[0].interaction.id != last_id):
            block = Block(self._zone)
            news = self._store.since(customer_id, 0)
        block.extend(news)
        self._keep(customer_id, block)
        return block

    def erase(self, customer_id: str) -> None:
        with self._lock:
            self._drop(customer_id)

    def _keep(self, customer_id: str, block: "Block") -> None:
        with self._lock:
            self._drop(customer_id)
            size = block.size_bytes
            if size:
                self._blocks[customer_id] = block, size
                self._total_bytes += size
            while self._total_bytes > self._held_bytes:
                self._drop(next(iter(self._blocks)))

    def _drop(self, customer_id: str) -> None:
        _, size = self._blocks.pop(customer_id, (None, 0))
        self._total_bytes -= size


class Block:
    """One customer's turns: a contiguous matrix with two rows each, and an index of their words."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._interactions: list[Interaction] = []
        self._position = 0
        self._matrix = np.empty((0, DIMENSIONS), np.float32)
        self._words = ranking.WordIndex()
        self._characters = 0
        self._lock = threading.Lock()

    @property
    def last(self) -> tuple[int, str | None]:
        """The position and the id of the newest turn held."""
        with self._lock:
            return self._position, self._interactions[-1].id if self._interactions else None

    @property
    def size_bytes(self) -> int:
        """About what it occupies; a word weighs more in the index than in the text."""
        return self._matrix.nbytes + 16 * self._characters

    def extend(self, news: Sequence[Stored]) -> None:
        with self._lock:
            fresh = [each for each in news if each.position > self._position]
            if not fresh:
                return
            for each in fresh:
                self._interactions.append(each.interaction)
                for speaker in SPEAKERS:
                    utterance = each.interaction.utterance(speaker, self._zone)
                    self._words.add(utterance)
                    self._characters += len(utterance)
            vectors = np.concatenate([each.vectors for each in fresh]).astype(np.float32)
            self._matrix = np.concatenate([self._matrix, vectors])
            self._position = fresh[-1].position

    def recent(self, limit: int) -> list[Interaction]:
        with self._lock:
            return sorted(self._interactions, key=lambda each: each.at, reverse=True)[:limit]

    def search(self, question: str, vector: Vectors, *, limit: int) -> list[Match]:
        with self._lock:
            interactions = list(self._interactions)
            matrix, words = self._matrix, self._words.scores(question)
        if not interactions:
            return []
        meaning: ranking.Scores = matrix @ vector
        scores = ranking.fuse(meaning, words).reshape(-1, len(SPEAKERS))
        fits = np.logical_or(meaning >= CLOSE, words > 0).reshape(scores.shape)
        fits = fits[:, 0] | fits[:, 1]
        order = np.argsort(-scores.max(axis=1), kind="stable")
        best = [(int(turn), int(scores[turn].argmax())) for turn in order[fits[order]][:limit]]
        return [
            Match(
                interaction=interactions[turn],
                speaker=SPEAKERS[voice],
                score=float(scores[turn, voice]),
                meaning=float(meaning[len(SPEAKERS) * turn + voice]),
                shared=ranking.shared(question, interactions[turn].utterance(SPEAKERS[voice], self._zone)),
            )
            for turn, voice in best
        ]
