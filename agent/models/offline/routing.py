"""Decide what a clause asks for, by its likeness to the examples of each tool and of small talk."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.models.offline.vocabulary import Encoder
from foundation.artifact_cache import kept

Matrix = NDArray[np.float32]
RECIPE = "1"
"""Raise it when the same examples would give another router."""
WORDS_WEIGHT = 0.7
"""How much the words themselves count beside the sentence's vector."""
INVERSE_REGULARISATION = 30.0
NEIGHBOURS = 3
TRUST_IN_HEAD = 0.7
"""The head's share of a score; the nearest examples have the rest."""
NEAR = 0.35
"""A cosine below which an example is no neighbour."""


@dataclass(frozen=True)
class Guess:
    label: str
    score: float
    """From 0 to 1: the head's probability mixed with the likeness of the nearest examples."""


@dataclass(frozen=True)
class Router:
    encoder: Encoder
    labels: tuple[str, ...]
    words: Mapping[str, int]
    rarity: Matrix
    examples: Matrix
    """One unit vector an example."""
    owners: NDArray[np.int64]
    """The label of each example, as its place in `labels`."""
    weights: Matrix
    biases: Matrix

    def rank(self, text: str, marks: Sequence[str] = ()) -> list[Guess]:
        """Every label, the likeliest first. `marks` are read as words, but have no part in the vector."""
        vector = self.encoder.encode([text])
        logits = (
            np.hstack([vector, bags([_marked(text, marks)], self.words, self.rarity)]) @ self.weights.T
            + self.biases
        )
        head = np.exp(logits[0] - logits[0].max())
        scores = TRUST_IN_HEAD * head / head.sum() + (1 - TRUST_IN_HEAD) * self._likeness(vector[0])
        return [Guess(self.labels[at], float(scores[at])) for at in np.argsort(-scores)]

    def _likeness(self, vector: Matrix) -> Matrix:
        """For each label the mean cosine of its nearest examples, from `NEAR` to 1 as 0 to 1."""
        cosines = self.examples @ vector
        rising = cosines[np.lexsort((cosines, self.owners))]
        sums = np.concatenate([[0], np.cumsum(rising)])
        counts = np.bincount(self.owners, minlength=len(self.labels))
        ends, near = np.cumsum(counts), np.minimum(counts, NEIGHBOURS)
        likeness = (sums[ends] - sums[ends - near]) / np.maximum(near, 1)
        scaled: Matrix = np.clip((likeness - NEAR) / (1 - NEAR), 0, 1).astype(np.float32)
        return scaled


@dataclass(frozen=True)
class Example:
    text: str
    marks: Sequence[str] = ()


def load_router(examples: Mapping[str, Sequence[Example]], encoder: Encoder, *, folder: Path) -> Router:
    """The router of these examples, kept under `folder` and trained only when they are new."""
    pairs = [(label, example) for label, several in examples.items() for example in several]
    written = [(label, example.text, list(example.marks)) for label, example in pairs]
    found = kept(
        folder, "router", of=[RECIPE, written], train=lambda: _train(pairs, tuple(examples), encoder)
    )
    return Router(
        encoder=encoder,
        labels=tuple(str(label) for label in found["labels"]),
        words={str(word): at for at, word in enumerate(found["words"])},
        rarity=found["rarity"],
        examples=found["examples"],
        owners=found["owners"],
        weights=found["weights"],
        biases=found["biases"],
    )


def _train(
    pairs: Sequence[tuple[str, Example]], labels: Sequence[str], encoder: Encoder
) -> dict[str, NDArray[np.generic]]:
    from sklearn.linear_model import LogisticRegression

    texts = [_marked(example.text, example.marks) for _, example in pairs]
    owners = np.array([labels.index(label) for label, _ in pairs])
    words = sorted({word for text in texts for word in grams(text)})
    places = {word: at for at, word in enumerate(words)}
    spread = np.zeros(len(words), np.float32)
    for text in texts:
        spread[[places[word] for word in set(grams(text))]] += 1
    rarity = (np.log((1 + len(texts)) / (1 + spread)) + 1).astype(np.float32)
    vectors = encoder.encode([example.text for _, example in pairs])
    head = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=300, class_weight="balanced")
    head.fit(np.hstack([vectors, bags(texts, places, rarity)]), owners)
    return {
        "labels": np.array(labels),
        "words": np.array(words),
        "rarity": rarity,
        "examples": vectors.astype(np.float32),
        "owners": owners,
        "weights": _each_label(head.coef_),
        "biases": _each_label(head.intercept_),
    }


def _each_label(fitted: NDArray[np.float64]) -> Matrix:
    """One row a label; of two labels scikit-learn gives only the second's."""
    whole = np.concatenate([-fitted, fitted]) if len(fitted) == 1 else fitted
    return whole.astype(np.float32)


def _marked(text: str, marks: Sequence[str]) -> str:
    return " ".join([text, *marks])


def bags(texts: Sequence[str], places: Mapping[str, int], rarity: Matrix) -> Matrix:
    """Of each text a vector of its words and pairs of words, rare ones heavier, of length `WORDS_WEIGHT`."""
    bag = np.zeros((len(texts), len(places)), np.float32)
    for row, text in enumerate(texts):
        known = [places[gram] for gram in set(grams(text)) if gram in places]
        bag[row, known] = rarity[known]
    lengths = np.linalg.norm(bag, axis=1, keepdims=True)
    weighed: Matrix = (WORDS_WEIGHT * bag / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return weighed


def grams(text: str) -> list[str]:
    words = text.split()
    return [*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))]
