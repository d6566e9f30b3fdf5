"""Decide what a clause asks for, by its likeness to the examples of each tool and of small talk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.models.offline.vocabulary import Encoder
from foundation.artifact_cache import kept
from foundation.text.classifier import Classifier, Matrix, trained

RECIPE = "2"
"""Raise it when the same examples would give another router."""
SHARPNESS = 4.0
"""What margins are multiplied by before they become probabilities."""
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
    classifier: Classifier

    @property
    def words(self) -> Mapping[str, int]:
        """Those that some example has."""
        return self.classifier.features.words.columns

    def rank(self, text: str, marks: Sequence[str] = ()) -> list[Guess]:
        """Every label, the likeliest first. `marks` are read as words, but have no part in the vector."""
        vector = self.encoder.encode([text])
        margins = SHARPNESS * self.classifier.margins([_marked(text, marks)], vector)[0]
        head = np.exp(margins - margins.max())
        scores = TRUST_IN_HEAD * head / head.sum() + (1 - TRUST_IN_HEAD) * self._likeness(vector[0])
        return [Guess(self.labels[at], float(scores[at])) for at in np.argsort(-scores)]

    def _likeness(self, vector: Matrix) -> Matrix:
        """From `NEAR` to 1 as 0 to 1."""
        likeness = self.classifier.likeness(vector, neighbours=NEIGHBOURS)
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
        folder,
        "router",
        of=[RECIPE, written],
        train=lambda: {
            "labels": np.array(tuple(examples)),
            **_train(pairs, tuple(examples), encoder).arrays(),
        },
    )
    return Router(encoder, tuple(str(label) for label in found["labels"]), Classifier.kept(found))


def _train(pairs: Sequence[tuple[str, Example]], labels: Sequence[str], encoder: Encoder) -> Classifier:
    texts = [_marked(example.text, example.marks) for _, example in pairs]
    owners = np.array([labels.index(label) for label, _ in pairs])
    vectors = encoder.encode([example.text for _, example in pairs]).astype(np.float32)
    return trained(texts, owners, vectors)


def _marked(text: str, marks: Sequence[str]) -> str:
    return " ".join([text, *marks])
