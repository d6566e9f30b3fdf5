"""A model that answers in-process from examples, slots and the words of tools: no key, no network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync

from agent.models.base import ModelAnswer, ModelRequest, OnText
from agent.models.offline import conversation
from agent.models.offline.conversation import Exchange
from agent.models.offline.names import Names
from agent.models.offline.response import Answering
from agent.models.offline.speech import phrases
from agent.models.offline.training import Training
from agent.models.offline.understanding import Understanding
from agent.models.offline.vocabulary import Named
from agent.models.offline.wishes import Desk, Wish
from foundation.text.reader import TextReader
from tools.base import Tool


@dataclass(frozen=True)
class Reading:
    wishes: Sequence[Wish]
    exchange: Exchange
    spanish: bool


class OfflineModel:
    """`names` gives what can be bought or entered now; every answer asks it, so it should be quick."""

    name = "offline"
    reads_memory = False

    def __init__(self, training: Training, *, names: Callable[[], Sequence[Named]]) -> None:
        self._training = training
        self._names = names
        self._words: tuple[tuple[Named, ...], Names, TextReader] | None = None

    def prepare(self, tools: Sequence[Tool]) -> None:
        """Train on these tools' examples, or find that done; without it, the first answer does."""
        self._training.router(tools)

    async def answer(self, request: ModelRequest, *, on_text: OnText) -> ModelAnswer:
        answering = await run_sync(self._answering, request)
        content = answering.blocks()
        if any(block["type"] == "tool_use" for block in content):
            return ModelAnswer(content, "tool_use", self.name)
        for block in content:
            await on_text(block["text"])
        return ModelAnswer(content, "end_turn", self.name, form=answering.form)

    def understand(self, request: ModelRequest) -> Reading:
        """What the message under way means, with all that the thread lends it."""
        tools = [*request.tools, *request.withheld]
        names, reader = self._vocabulary(tools)
        desk = Desk(
            reader.read,
            self._training.router(tools),
            self._training.choices,
            names,
            self._training.marks(tools, names),
            phrases(),
            {tool.name: tool for tool in tools},
        )
        exchanges = conversation.read(request.messages) or [Exchange()]
        spanish = reader.read(exchanges[-1].words).is_spanish
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

    def _vocabulary(self, tools: Sequence[Tool]) -> tuple[Names, TextReader]:
        named = tuple(self._names())
        if self._words is None or self._words[0] != named:
            names = Names(named, plain=self._training.choices.nouns)
            self._words = (named, names, self._training.reader(tools, names))
        return self._words[1], self._words[2]
