"""Tell of which class a short text is: a linear head over its vector and TF-IDF of words and letters.

On CLINC150 a linear SVM (Fan et al. 2008) over all three finds more than a logistic head over the
vector alone.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foundation.artifact_cache import Arrays

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WORD = re.compile(r"@?[^\W_]+(?:'\w+)?")
LETTERS = (2, 5)
SEEN = 2
"""Texts that must hold letters for them to count; a word counts from the first."""

MEANING_WEIGHT = 1.5
"""How much the sentence's vector counts beside its words and its letters."""
REGULARISATION = 0.5
SEED = 7

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]
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

    @classmethod
    def kept(cls, analyse: Analyser, arrays: Arrays, name: str) -> "Grams":
        columns = {str(gram): at for at, gram in enumerate(arrays[f"{name}_grams"])}
        return cls(analyse, columns, arrays[f"{name}_rarity"])

    def arrays(self, name: str) -> Arrays:
        return {f"{name}_grams": np.array(list(self.columns)), f"{name}_rarity": self.rarity}

    def row(self, text: str) -> tuple[Labels, Matrix]:
        """Columns and values of unit length."""
        known = self.columns
        counts = Counter(known[gram] for gram in self.analyse(text) if gram in known)
        columns = np.fromiter(counts, np.int64, len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self.rarity[columns]
        return columns, values / max(float(np.linalg.norm(values)), 1e-9)


@dataclass(frozen=True)
class TextFeatures:
    """Words beside letters; either alone would miss what the other finds."""

    words: Grams
    letters: Grams

    @classmethod
    def learned(cls, texts: Sequence[str]) -> "TextFeatures":
        return cls(Grams.learned(words_of, texts, seen=1), Grams.learned(letters_of, texts, seen=SEEN))

    def matrix(self, texts: Iterable[str]) -> "csr_matrix":
        from scipy import sparse

        rows = [self.row(text) for text in texts]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        width = len(self.words.columns) + len(self.letters.columns)
        return sparse.csr_matrix((values, columns, ends), shape=(len(rows), width))

    def row(self, text: str) -> tuple[Labels, Matrix]:
        words, word_values = self.words.row(text)
        letters, letter_values = self.letters.row(text)
        columns = np.concatenate([words, letters + len(self.words.columns)])
        return columns, np.concatenate([word_values, letter_values])


@dataclass(frozen=True)
class Classifier:
    features: TextFeatures
    weights: Matrix
    """One row a feature, those of the vector first; one column a class."""
    biases: Matrix
    owners: Labels
    """The class of each example."""
    vectors: Matrix
    """One unit vector an example."""

    def margins(self, texts: Sequence[str], vectors: Matrix) -> Matrix:
        """How plainly each text is of each class. vectors: made as those of the examples were."""
        size = vectors.shape[1]
        margins = (MEANING_WEIGHT * vectors @ self.weights[:size] + self.biases).astype(np.float32)
        for row, text in enumerate(texts):
            columns, values = self.features.row(text)
            margins[row] += values @ self.weights[size + columns]
        return margins

    def likeness(self, vector: Matrix, *, neighbours: int) -> Matrix:
        """For each class the mean cosine of its nearest examples."""
        cosines = self.vectors @ vector
        rising = cosines[np.lexsort((cosines, self.owners))]
        sums = np.concatenate([[0], np.cumsum(rising, dtype=np.float64)])
        counts = np.bincount(self.owners, minlength=len(self.biases))
        ends, near = np.cumsum(counts), np.minimum(counts, neighbours)
        mean: Matrix = ((sums[ends] - sums[ends - near]) / np.maximum(near, 1)).astype(np.float32)
        return mean

    def likeness_to(self, label: int, vector: Matrix, *, neighbours: int) -> float:
        """The same for one class alone, which costs a fraction."""
        own = self.vectors[self.owners == label] @ vector
        return float(np.sort(own)[-neighbours:].mean())

    def arrays(self) -> Arrays:
        """All of it, to be kept."""
        own: Arrays = {
            "weights": self.weights,
            "biases": self.biases,
            "owners": self.owners,
            "vectors": self.vectors,
        }
        return {**own, **self.features.words.arrays("words"), **self.features.letters.arrays("letters")}

    @classmethod
    def kept(cls, arrays: Arrays) -> "Classifier":
        features = TextFeatures(
            Grams.kept(words_of, arrays, "words"), Grams.kept(letters_of, arrays, "letters")
        )
        parts = (arrays[name] for name in ("weights", "biases", "owners", "vectors"))
        return cls(features, *parts)


def trained(texts: Sequence[str], owners: Labels, vectors: Matrix) -> Classifier:
    """owners: the class of each text, from 0 on."""
    from scipy import sparse
    from sklearn.svm import LinearSVC

    features = TextFeatures.learned(texts)
    meaning = sparse.csr_matrix(MEANING_WEIGHT * vectors)
    whole = sparse.hstack([meaning, features.matrix(texts)], format="csr")
    machine = LinearSVC(C=REGULARISATION, random_state=SEED).fit(whole, owners)
    weights = np.ascontiguousarray(_each_class(machine.coef_).T, np.float32)
    biases = _each_class(machine.intercept_[:, None]).ravel().astype(np.float32)
    return Classifier(features, weights, biases, owners, vectors)


def _each_class(fitted: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row a class; of two classes scikit-learn gives only the second's."""
    return np.concatenate([-fitted, fitted]) if len(fitted) == 1 else fitted
