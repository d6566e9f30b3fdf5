"""Understand messages: language, feeling, intent and what they name; many at once, in this process."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from foundation.artifact_cache import kept
from memory.conversations.models import Speaker
from memory.embeddings import Encoder, Vectors, model_name
from memory.understanding.entities import Entities
from memory.understanding.intents import RECIPE, Examples, IntentModel, Labels, train
from memory.understanding.models import Understanding
from memory.understanding.sentiment import LONGEST, sentiment_of

SHAPE = f"{Speaker.CUSTOMER}: {{}}"
"""As the engine embeds a message, so that the vector a turn is kept with serves here too."""

PRODUCT = "the product"
ELSEWHERE = Path(__file__).parent / "words" / "elsewhere.txt"


@dataclass(frozen=True)
class Heard:
    """A message with the day it was said, and the vector of it that the engine made."""

    text: str
    day: date
    vector: Vectors


class Enrichment:
    def __init__(self, intents: IntentModel, entities: Entities) -> None:
        self._intents = intents
        self._entities = entities

    def understand(self, heard: Sequence[Heard]) -> list[Understanding]:
        """One a message, in their order."""
        texts = [each.text[:LONGEST] for each in heard]
        vectors = np.array([each.vector for each in heard], np.float32)
        intents = self._intents.read(texts, vectors)
        languages = [self._entities.language(text) for text in texts]
        return [
            Understanding(
                language=language,
                sentiment=sentiment_of(text, language),
                intent=intent,
                entities=self._entities.find(each.text, today=each.day),
            )
            for each, text, language, intent in zip(heard, texts, languages, intents, strict=True)
        ]


def learn_intents(
    utterances: Mapping[str, Sequence[str]], products: Sequence[str], encoder: Encoder
) -> IntentModel:
    """The shop's intents from ways to ask for each, in about two seconds.

    An utterance that says "the product" is learned with names of products in its place as well.
    """
    names, labels, texts = _labelled(utterances, products)
    vectors = encoder.encode([SHAPE.format(text) for text in texts])
    return train(Examples(names, texts, labels, vectors))


def load_intents(
    utterances: Mapping[str, Sequence[str]], products: Sequence[str], encoder: Encoder, *, folder: Path
) -> IntentModel:
    """The intents as `learn_intents` gives them, kept under `folder` and trained only when they are new."""
    names, labels, texts = _labelled(utterances, products)
    arrays = kept(
        folder,
        "intents",
        of=[RECIPE, model_name(), names, labels.tolist(), texts],
        train=lambda: learn_intents(utterances, products, encoder).to_arrays(),
    )
    return IntentModel.from_arrays(names, arrays)


def _labelled(
    utterances: Mapping[str, Sequence[str]], products: Sequence[str]
) -> tuple[tuple[str, ...], Labels, list[str]]:
    """The intents, and texts with the row of theirs in it, or -1 where they belong to none."""
    names = tuple(sorted(utterances))
    named = itertools.cycle(products or [PRODUCT])
    said = [
        (row, text)
        for row, name in enumerate(names)
        for way in utterances[name]
        for text in dict.fromkeys([way, way.replace(PRODUCT, next(named))])
    ]
    labels, texts = (list(each) for each in zip(*said, strict=True))
    elsewhere = _elsewhere()
    return names, np.array([*labels, *(-1 for _ in elsewhere)]), [*texts, *elsewhere]


def _elsewhere() -> list[str]:
    lines = ELSEWHERE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
