"""A model that answers in-process from examples, slots and the words of tools: no key, no network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio.to_thread import run_sync

from agent.models.base import ModelAnswer, ModelRequest, Speak
from agent.models.offline import conversation, lexicon
from agent.models.offline.conversation import Exchange
from agent.models.offline.language import Language
from agent.models.offline.marks import Marks
from agent.models.offline.names import Names
from agent.models.offline.response import Answering
from agent.models.offline.routing import Example, Router, load_router
from agent.models.offline.safety import masked
from agent.models.offline.schema import Slot, slots
from agent.models.offline.speech import phrases
from agent.models.offline.understanding import Understanding
from agent.models.offline.vocabulary import Choices, Encoder, Named
from agent.models.offline.wishes import Desk, Wish
from tools.base import Tool

EXAMPLE_NAMES = Names([Named("product", "", "the product"), Named("raffle", "", "the raffle")])
"""How the examples name things."""
FAMILIAR = 20
"""How often a customer is taken to say what the shop sells, beside the words of the examples."""


@dataclass(frozen=True)
class Reading:
    wishes: Sequence[Wish]
    exchange: Exchange
    spanish: bool


class OfflineModel:
    """`names` gives what can be bought or entered now; every answer asks it, so it should be quick."""

    name = "offline"

    def __init__(self, encoder: Encoder, *, names: Callable[[], Sequence[Named]], folder: Path) -> None:
        self._encoder = encoder
        self._names = names
        self._folder = folder
        self._choices = Choices()
        self._smalltalk = lexicon.smalltalk()
        self._routers: dict[tuple[str, ...], Router] = {}
        self._words: tuple[tuple[Named, ...], Names, Language] | None = None

    def prepare(self, tools: Sequence[Tool]) -> None:
        """Train on these tools' examples, or find that done; without it, the first answer does."""
        self._router(tools)

    async def answer(self, request: ModelRequest, *, speak: Speak) -> ModelAnswer:
        answering = await run_sync(self._answering, request)
        content = answering.blocks()
        if any(block["type"] == "tool_use" for block in content):
            return ModelAnswer(content, "tool_use", self.name)
        for block in content:
            await speak(block["text"])
        return ModelAnswer(content, "end_turn", self.name, form=answering.form)

    def understand(self, request: ModelRequest) -> Reading:
        """What the message under way means, with all that the thread lends it."""
        tools = [*request.tools, *request.withheld]
        names, language = self._vocabulary(tools)
        desk = Desk(
            language.read,
            self._router(tools),
            self._choices,
            names,
            Marks(_slots(tools), self._choices, names),
            phrases(),
            {tool.name: tool for tool in tools},
        )
        exchanges = conversation.read(request.messages) or [Exchange()]
        spanish = language.read(exchanges[-1].words).is_spanish
        return Reading(Understanding(desk).wishes(exchanges), exchanges[-1], spanish=spanish)

    def _answering(self, request: ModelRequest) -> Answering:
        read = self.understand(request)
        return Answering(
            read.wishes,
            read.exchange,
            request.tools,
            phrases(),
            spanish=read.spanish,
            is_staff=request.is_staff,
        )

    def _vocabulary(self, tools: Sequence[Tool]) -> tuple[Names, Language]:
        named = tuple(self._names())
        if self._words is None or self._words[0] != named:
            names = Names(named, plain=self._choices.nouns)
            self._words = (named, names, self._language(tools, names))
        return self._words[1], self._words[2]

    def _router(self, tools: Sequence[Tool]) -> Router:
        key = tuple(sorted(tool.name for tool in tools))
        if key not in self._routers:
            language, marks = self._language(tools), Marks(_slots(tools), self._choices, EXAMPLE_NAMES)
            read = {
                label: [language.read(text).words for text in texts]
                for label, texts in self._examples(tools).items()
            }
            examples = {
                label: [Example(" ".join(masked(words)), marks.of(words)) for words in several]
                for label, several in read.items()
            }
            self._routers[key] = load_router(examples, self._encoder, folder=self._folder)
        return self._routers[key]

    def _language(self, tools: Sequence[Tool], names: Names | None = None) -> Language:
        examples = self._examples(tools).values()
        said = [word for texts in examples for text in texts for word in text.lower().split()]
        names = names or Names([])
        shop_words = [*said, *self._choices.words, *names.words, *sorted(self._choices.nouns) * FAMILIAR]
        return Language(shop_words, is_word=self._encoder.is_word, names=names.runs)

    def _examples(self, tools: Sequence[Tool]) -> dict[str, tuple[str, ...]]:
        by_tool = {tool.name: tool.examples for tool in sorted(tools, key=lambda tool: tool.name)}
        return {label: texts for label, texts in (by_tool | self._smalltalk).items() if texts}


def _slots(tools: Sequence[Tool]) -> list[Slot]:
    return [slot for tool in sorted(tools, key=lambda tool: tool.name) for slot in slots(tool)]
