"""What a message asks for: its class, and by margin and nearest examples whether it belongs to any."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundation.artifact_cache import Arrays
from foundation.text.classifier import Classifier, trained
from memory.embeddings import Vectors
from memory.understanding.models import Intent

NEIGHBOURS = 5
FOLDS = 3
SEED = 7
RECIPE = "2"
"""Raise it when the same examples would give another model."""
BELONGS = 0.5
"""The confidence below which a message is like nothing we know."""

Labels = NDArray[np.int64]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """Utterances with their vectors. label: a row in `names`, or -1 for what belongs to none."""

    names: tuple[str, ...]
    texts: Sequence[str]
    labels: Labels
    vectors: Vectors

    def take(self, rows: NDArray[np.int64]) -> "Examples":
        texts = [self.texts[row] for row in rows]
        return Examples(self.names, texts, self.labels[rows], self.vectors[rows])


@dataclass(frozen=True)
class _Head:
    """The best intent of a text, and how near that one's own examples are."""

    names: tuple[str, ...]
    classifier: Classifier

    def read(self, texts: Sequence[str], vectors: Vectors) -> tuple[Labels, Scores]:
        """For each text the best intent, and two signs that it is one: its margin and its likeness."""
        margins = self.classifier.margins(texts, vectors)
        best = margins.argmax(axis=1)
        likeness = [
            self.classifier.likeness_to(int(label), vector, neighbours=NEIGHBOURS)
            for vector, label in zip(vectors, best, strict=True)
        ]
        return best, np.column_stack([margins.max(axis=1), likeness])


@dataclass(frozen=True)
class IntentModel:
    head: _Head
    belongs: tuple[Scores, float]
    """Logistic weights of the two signs and a bias: whether the message is one of the intents at all."""

    @classmethod
    def from_arrays(cls, names: tuple[str, ...], arrays: Arrays) -> "IntentModel":
        """What `to_arrays` gave."""
        head = _Head(names, Classifier.kept(arrays))
        return cls(head, (arrays["belongs"], float(arrays["belongs_bias"])))

    def to_arrays(self) -> Arrays:
        weights, bias = self.belongs
        return {**self.head.classifier.arrays(), "belongs": weights, "belongs_bias": np.array(bias)}

    @property
    def names(self) -> tuple[str, ...]:
        return self.head.names

    def read(self, texts: Sequence[str], vectors: Vectors) -> list[Intent]:
        """vectors: one row a text, made as those of the examples were."""
        if not texts:
            return []
        best, signs = self.head.read(texts, vectors)
        weights, bias = self.belongs
        confidence = 1 / (1 + np.exp(-(signs @ weights + bias)))
        return [
            Intent(self.names[label] if sure >= BELONGS else None, float(sure))
            for label, sure in zip(best, confidence, strict=True)
        ]

    def nearest(self, texts: Sequence[str], vectors: Vectors) -> list[str]:
        """The likeliest intent of each text, whether it belongs to one or not."""
        return [self.names[label] for label in self.head.read(texts, vectors)[0]]


def train(examples: Examples) -> IntentModel:
    """What belongs is learned from examples the head had not seen, and from those that belong to none."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    inside = np.flatnonzero(examples.labels >= 0)
    outside = examples.take(np.flatnonzero(examples.labels < 0))
    known = examples.take(inside)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    signs: list[Scores] = []
    for seen, unseen in folds.split(inside, known.labels):
        head, held_out = _head(known.take(seen)), known.take(unseen)
        signs.append(head.read(held_out.texts, held_out.vectors)[1])
    head = _head(known)
    signs.append(head.read(outside.texts, outside.vectors)[1])
    truth = np.repeat([1, 0], [len(inside), len(outside.texts)])
    belongs = LogisticRegression(C=100, class_weight="balanced").fit(np.vstack(signs), truth)
    return IntentModel(head, (belongs.coef_[0], float(belongs.intercept_[0])))


def _head(examples: Examples) -> _Head:
    return _Head(examples.names, trained(examples.texts, examples.labels, examples.vectors))
