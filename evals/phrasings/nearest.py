"""The peer: a nearest-neighbour intent classifier over the same examples."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent.models.offline import lexicon, schema
from agent.models.offline.names import Names
from agent.models.offline.slots import Clue, Filler
from agent.models.offline.speech import phrases
from agent.models.offline.vocabulary import Choices, Encoder, Named
from tools.base import Tool


class NearestExample:
    """Uses the same examples, and fills arguments by the same rules from the message alone."""

    def __init__(self, encoder: Encoder, named: Sequence[Named], tools: Sequence[Tool]) -> None:
        examples = {tool.name: tool.examples for tool in tools} | lexicon.smalltalk()
        self._encoder = encoder
        self._tools = {tool.name: tool for tool in tools}
        self._labels = [label for label, texts in examples.items() for _ in texts]
        self._vectors = encoder.encode([text for texts in examples.values() for text in texts])
        self._filler = Filler(Choices(), Names(named))

    def answer(self, text: str) -> tuple[list[tuple[str, Mapping[str, Any]]], str]:
        """Its tool call, or else its reply."""
        label = self._labels[int(np.argmax(self._vectors @ self._encoder.encode([text])[0]))]
        tool = self._tools.get(label)
        if tool is None:
            return [], phrases()[label].en
        span = Clue(tuple(text.lower().replace("?", " ").split()), text)
        return [(label, self._filler.fill(schema.slots(tool), span))], ""
