"""What may stand in place of a usual part, and what is loaded once for every process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from agent.graph.context import OnStep
from agent.models.base import Model
from agent.models.offline.training import Training
from commerce.payments.ports import CardGateway
from foundation.text.reader import TextReader
from memory.embeddings import Embedder
from memory.facts.meaning import ClauseMeaning
from memory.understanding.intents import IntentModel
from memory.understanding.service import learn_intents
from tools.catalog import TOOLS

STATING = {"remember_preference"}
"""Tools whose examples say something of the customer; the others only ask."""


@dataclass(frozen=True)
class Spares:
    """What a test or a benchmark puts in place of the usual part."""

    models: Sequence[Model] = ()
    gateway: Callable[[CardGateway], CardGateway] = lambda gateway: gateway
    on_step: OnStep = lambda _: None


@lru_cache(maxsize=1)
def learned_intents(embedder: Embedder, products: tuple[str, ...]) -> IntentModel:
    """Once a process, in about two seconds, while the shop has the same products."""
    return learn_intents({tool.name: tool.examples for tool in TOOLS}, products, embedder)


def requests() -> list[str]:
    """What is asked of the shop and states nothing of the customer."""
    return [text for tool in TOOLS if tool.name not in STATING for text in tool.examples]


@dataclass(frozen=True)
class Brain:
    """What takes long to load and is the same in every process; it may be loaded before a fork."""

    embedder: Embedder
    folder: Path
    """Where what was trained is kept."""

    @cached_property
    def training(self) -> Training:
        return Training(self.embedder, folder=self.folder)

    @cached_property
    def reader(self) -> TextReader:
        """Reads whatever customers write, for the chat, the search and memory alike."""
        return self.training.reader(TOOLS)

    @cached_property
    def meaning(self) -> ClauseMeaning:
        return ClauseMeaning(self.embedder, folder=self.folder, requests=requests())
