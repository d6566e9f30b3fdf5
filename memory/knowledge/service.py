"""What the shop knows and may quote: documents in markdown, by version; retired text is never found again."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from foundation.clock import Clock
from foundation.errors import Invalid, NotFound
from foundation.sql import Ledger
from memory.embeddings import DIMENSIONS, Encoder, Vectors
from memory.knowledge import store
from memory.knowledge.passages import Passage, passages
from memory.knowledge.store import Document
from memory.retrieval import bm25 as ranking

DOCUMENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LONGEST_DOCUMENT = 200_000
EMBEDDED_CHARACTERS = 600
LONGEST_QUESTION = 2_000
CLOSE = 0.35
"""Cosine from which a passage is about the question, though they share no word."""
WORDS_NEEDED, FEWEST_WORDS = 0.5, 2
"""Or this share of the question's distinctive words must occur in it; a single one if there is one only."""


class DocumentUnknown(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such document.")


@dataclass(frozen=True)
class Quote:
    """A passage that fits a question."""

    id: str
    """To cite it by: `document@version#number`."""
    document_id: str
    title: str
    passage: Passage
    published_at: datetime
    score: float
    why: str


@dataclass(frozen=True)
class _Shelf:
    """The published passages, as they are searched."""

    state: tuple[int, int]
    rows: Sequence[Any]
    passages: Sequence[Passage]
    matrix: Vectors
    words: ranking.WordIndex


class Knowledge:
    def __init__(self, ledger: Ledger, embedder: Encoder, *, now: Clock) -> None:
        self._ledger = ledger
        self._embedder = embedder
        self._now = now
        self._lock = threading.Lock()
        self._shelf: _Shelf | None = None

    def publish(self, document_id: str, markdown: str, *, by: str) -> Document:
        """A new version in place of the last one; the same text again changes nothing."""
        _check(document_id, markdown)
        cut = passages(markdown)
        if not cut:
            raise Invalid("The document says nothing.", {"field": "markdown"})
        title = next((each.headings[0] for each in cut if each.headings), document_id)
        heads = [each.whole[:EMBEDDED_CHARACTERS] for each in cut]
        vectors = self._embedder.encode(heads).astype(np.float16)
        with self._ledger.transaction() as connection:
            store.hold(connection, document_id)
            last = store.latest(connection, document_id)
            if last is not None and last[0].retired_at is None and last[1] == markdown:
                return last[0]
            store.retire(connection, document_id, at=self._now())
            version = last[0].version + 1 if last else 1
            document = Document(document_id, version, title, by, self._now(), None)
            rows = [
                {
                    "id": f"{document.id}#{number}",
                    "number": number,
                    "headings": list(each.headings),
                    "text": each.text,
                    "vector": vectors[number - 1].tobytes(),
                }
                for number, each in enumerate(cut, start=1)
            ]
            store.add(connection, document, markdown, rows)
            return document

    def retire(self, document_id: str) -> None:
        """Nothing of it is found any more; that it was there stays on record."""
        with self._ledger.transaction() as connection:
            store.hold(connection, document_id)
            if not store.retire(connection, document_id, at=self._now()):
                raise DocumentUnknown

    def documents(self) -> list[Document]:
        with self._ledger.transaction() as connection:
            return store.versions(connection)

    def history(self, document_id: str) -> list[Document]:
        with self._ledger.transaction() as connection:
            found = store.versions(connection, document_id)
        if not found:
            raise DocumentUnknown
        return found

    def search(self, question: str, *, limit: int = 5) -> list[Quote]:
        """The passages that fit, the best first; none when none does."""
        asked = question[:LONGEST_QUESTION].strip()
        shelf = self._current()
        if not asked or not shelf.rows:
            return []
        meaning: ranking.Scores = shelf.matrix @ self._embedder.encode([asked[:EMBEDDED_CHARACTERS]])[0]
        worded = shelf.words.scores(asked)
        alike, named = ranking.shares(meaning), ranking.shares(worded)
        scores = ranking.MEANING_SHARE * alike + (1 - ranking.MEANING_SHARE) * named
        best = [int(at) for at in np.argsort(-scores, kind="stable")[: 4 * limit]]
        quotes = (self._quote(shelf, at, asked, float(meaning[at]), float(scores[at])) for at in best)
        return [quote for quote in quotes if quote is not None][:limit]

    def _quote(self, shelf: _Shelf, at: int, asked: str, meaning: float, score: float) -> Quote | None:
        shared = ranking.shared(asked, ranking.terms_of(shelf.passages[at].whole))
        telling = len(set(ranking.words_of(asked)))
        needed = max(min(FEWEST_WORDS, telling), WORDS_NEEDED * telling)
        if meaning < CLOSE and len(shared) < needed:
            return None
        row = shelf.rows[at]
        why = f"mentions {', '.join(shared)}" if shared else "close in meaning"
        return Quote(row.id, row.document_id, row.title, shelf.passages[at], row.published_at, score, why)

    def _current(self) -> _Shelf:
        """Read anew when something was published or retired since."""
        with self._ledger.autocommit() as connection:
            state = store.state(connection)
        with self._lock:
            if self._shelf is None or self._shelf.state != state:
                self._shelf = self._read(state)
            return self._shelf

    def _read(self, state: tuple[int, int]) -> _Shelf:
        with self._ledger.transaction() as connection:
            rows = store.published(connection)
        cut = [Passage(tuple(row.headings), row.text) for row in rows]
        words = ranking.WordIndex()
        for each in cut:
            words.add(each.whole)
        vectors = [np.frombuffer(row.vector, np.float16) for row in rows]
        matrix = np.stack(vectors).astype(np.float32) if rows else np.empty((0, DIMENSIONS), np.float32)
        return _Shelf(state, rows, cut, matrix, words)


def _check(document_id: str, markdown: str) -> None:
    if not DOCUMENT_ID.fullmatch(document_id):
        raise Invalid(
            "A document's id has small letters, digits and hyphens only.",
            {"field": "document_id", "expected": "such as returns-policy"},
        )
    if len(markdown) > LONGEST_DOCUMENT:
        raise Invalid(
            f"A document may have {LONGEST_DOCUMENT:,} characters.",
            {"field": "markdown", "expected": f"at most {LONGEST_DOCUMENT} characters"},
        )
