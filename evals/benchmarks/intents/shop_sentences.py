"""Intent accuracy on the shop's own sentences (`evals/phrasings`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.phrasings.sentences import read
from memory.embeddings import Embedder
from memory.understanding.intents import IntentModel
from memory.understanding.service import SHAPE


@dataclass(frozen=True)
class IntentAccuracy:
    sentences: Sequence[str]
    right: float
    right_or_none: float
    """Counting sentences without an intent as right, since no wrong intent was inferred."""


def intent_accuracy(intents: IntentModel, embedder: Embedder) -> IntentAccuracy:
    """Over sentences with one expected call and no context."""
    asked = [each for each in read("test") if len(each.calls) == 1 and each.after is None]
    texts = [each.say for each in asked]
    intents_read = intents.read(texts, embedder.encode([SHAPE.format(text) for text in texts]))
    names = [each.calls[0].tool for each in asked]
    right = [intent.name == name for intent, name in zip(intents_read, names, strict=True)]
    right_or_none = [intent.name in (name, None) for intent, name in zip(intents_read, names, strict=True)]
    return IntentAccuracy(texts, float(np.mean(right)), float(np.mean(right_or_none)))
