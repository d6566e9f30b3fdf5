"""Texts as weighed counts of their words and of their letters, for a linear head (TF-IDF, sublinear)."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WORD = re.compile(r"[^\W_]+(?:'\w+)?")
LETTERS = (2, 5)
SEEN = 2
"""Texts that must hold letters for them to count; a word counts from the first."""

Analyser = Callable[[str], list[str]]


def words_of(text: str) -> list[str]:
    """Words and pairs of words."""
    words = WORD.findall(text.lower())
    return [*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))]


def letters_of(text: str) -> list[str]:
    """Runs of letters within words; a space stands for where a word begins or ends."""
    return [
        padded[at : at + size]
        for word in text.lower().split()
        for padded in (f" {word} ",)
        for size in range(LETTERS[0], min(LETTERS[1], len(padded)) + 1)
        for at in range(len(padded) - size + 1)
    ]


@dataclass(frozen=True)
class Grams:
    analyse: Analyser
    columns: Mapping[str, int]
    rarity: NDArray[np.float32]

    @classmethod
    def learned(cls, analyse: Analyser, texts: Sequence[str], *, seen: int) -> "Grams":
        spread = Counter(gram for text in texts for gram in set(analyse(text)))
        kept = sorted(gram for gram, count in spread.items() if count >= seen)
        rarity = [math.log((1 + len(texts)) / (1 + spread[gram])) + 1 for gram in kept]
        return cls(analyse, {gram: at for at, gram in enumerate(kept)}, np.array(rarity, np.float32))

    def row(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Columns and values of unit length."""
        known = self.columns
        counts = Counter(known[gram] for gram in self.analyse(text) if gram in known)
        columns = np.fromiter(counts, np.int64, len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self.rarity[columns]
        return columns, values / max(float(np.linalg.norm(values)), 1e-9)


class TextFeatures:
    """Words beside letters; either alone would miss what the other finds."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = Grams.learned(words_of, texts, seen=1)
        self._letters = Grams.learned(letters_of, texts, seen=SEEN)
        self._width = len(self._words.columns) + len(self._letters.columns)

    def matrix(self, texts: Iterable[str]) -> "csr_matrix":
        from scipy import sparse

        rows = [self.row(text) for text in texts]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return sparse.csr_matrix((values, columns, ends), shape=(len(rows), self._width))

    def row(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        words, word_values = self._words.row(text)
        letters, letter_values = self._letters.row(text)
        columns = np.concatenate([words, letters + len(self._words.columns)])
        return columns, np.concatenate([word_values, letter_values])
