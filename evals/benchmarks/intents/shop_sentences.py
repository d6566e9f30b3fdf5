"""The shop's own sentences (`evals/phrasings`): how often what is asked for is what was understood."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.phrasings.sentences import read
from memory.embeddings import Embedder
from memory.understanding.intents import IntentModel
from memory.understanding.service import SHAPE


@dataclass(frozen=True)
class HeardShare:
    sentences: Sequence[str]
    right: float
    right_or_none: float
    """Counting as right what was said to be like nothing we know: no wrong intent was taken from it."""


def heard_share(intents: IntentModel, embedder: Embedder) -> HeardShare:
    """Of sentences that ask for one thing and stand alone."""
    asked = [each for each in read("test") if len(each.calls) == 1 and each.after is None]
    texts = [each.say for each in asked]
    heard = intents.read(texts, embedder.encode([SHAPE.format(text) for text in texts]))
    names = [each.calls[0].tool for each in asked]
    right = [intent.name == name for intent, name in zip(heard, names, strict=True)]
    spared = [intent.name in (name, None) for intent, name in zip(heard, names, strict=True)]
    return HeardShare(texts, float(np.mean(right)), float(np.mean(spared)))
