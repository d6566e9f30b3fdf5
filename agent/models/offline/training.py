"""What is learned from the examples of tools and of small talk: the words of the shop, and a router."""

from collections.abc import Sequence
from pathlib import Path

from agent.models.offline import lexicon
from agent.models.offline.marks import Marks
from agent.models.offline.names import Names
from agent.models.offline.routing import Example, Router, load_router
from agent.models.offline.safety import masked
from agent.models.offline.schema import Slot, slots
from agent.models.offline.vocabulary import Choices, Encoder, Named
from commerce.inventory.vocabulary import vocabulary
from foundation.text.reader import TextReader
from tools.base import Tool

EXAMPLE_NAMES = Names([Named("product", "", "the product"), Named("raffle", "", "the raffle")])
"""How the examples name things."""


class Training:
    """Each set of tools is trained for once on a machine and read once in a process."""

    def __init__(self, encoder: Encoder, *, folder: Path) -> None:
        self.choices = Choices()
        self._encoder = encoder
        self._folder = folder
        self._smalltalk = lexicon.smalltalk()
        self._routers: dict[tuple[str, ...], Router] = {}

    def router(self, tools: Sequence[Tool]) -> Router:
        key = tuple(sorted(tool.name for tool in tools))
        if key not in self._routers:
            reader, marks = self.reader(tools), self.marks(tools, EXAMPLE_NAMES)
            read = {
                label: [reader.read(text).words for text in texts]
                for label, texts in self._examples(tools).items()
            }
            examples = {
                label: [Example(" ".join(masked(words)), marks.of(words)) for words in several]
                for label, several in read.items()
            }
            self._routers[key] = load_router(examples, self._encoder, folder=self._folder)
        return self._routers[key]

    def reader(self, tools: Sequence[Tool], names: Names | None = None) -> TextReader:
        examples = self._examples(tools).values()
        said = [word for texts in examples for text in texts for word in text.lower().split()]
        words = [*said, *self.choices.words, *(names.words if names else ())]
        named = names.runs if names else frozenset()
        return vocabulary().reader(is_word=self._encoder.is_word, words=words, names=named)

    def marks(self, tools: Sequence[Tool], names: Names) -> Marks:
        return Marks(_slots(tools), self.choices, names)

    def _examples(self, tools: Sequence[Tool]) -> dict[str, tuple[str, ...]]:
        by_tool = {tool.name: tool.examples for tool in sorted(tools, key=lambda tool: tool.name)}
        return {label: texts for label, texts in (by_tool | self._smalltalk).items() if texts}


def _slots(tools: Sequence[Tool]) -> list[Slot]:
    return [slot for tool in sorted(tools, key=lambda tool: tool.name) for slot in slots(tool)]
