"""Trained models of this machine: the embedder, and the heads that stand on its vectors."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.lazy import Lazy
from foundation.settings import Settings
from memory.embeddings import Embedder, Encoder, Vectors, load_embedder
from memory.understanding.intents import IntentModel
from memory.understanding.service import load_intents
from tools.catalog import TOOLS

if TYPE_CHECKING:
    from agent.models.offline.training import Training
    from memory.facts.meaning import ClauseMeaning

STATING = {"remember_preference"}
"""Tools whose examples state something of the customer; those of the others only ask."""


class ModelArtifacts:
    """Slow to load and the same in every process; what is loaded before a fork is shared after it."""

    def __init__(
        self, folder: Path, *, encoder: Encoder | None = None, embedder: Embedder | None = None
    ) -> None:
        """folder: where they are kept between runs. encoder: in place of the embedder, for texts."""
        self._folder = folder
        self.embedder = Lazy(lambda: embedder or load_embedder(folder))
        self.encoder = encoder or LazyEncoder(self.embedder)
        self.training = Lazy(lambda: _training(self.embedder(), folder))
        self.reader = Lazy(lambda: self.training().reader(TOOLS))
        self.clause_meaning = Lazy(lambda: _clause_meaning(self.embedder(), folder))

    def intents(self, products: Sequence[str]) -> IntentModel:
        """For a shop that sells these; trained in about two seconds when that is new."""
        return _intents(self.embedder(), self._folder, tuple(products))


class LazyEncoder:
    """Loads the embedder with the first text: a process that encodes none does without its 60 MB."""

    def __init__(self, embedder: Lazy[Embedder]) -> None:
        self._embedder = embedder

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._embedder().encode(texts)


def load_artifacts(settings: Settings) -> ModelArtifacts:
    return ModelArtifacts(settings.var / "models")


def _training(embedder: Embedder, folder: Path) -> "Training":
    from agent.models.offline.training import Training  # noqa: PLC0415 - only who answers turns loads it

    return Training(embedder, folder=folder)


def _clause_meaning(embedder: Embedder, folder: Path) -> "ClauseMeaning":
    from memory.facts.meaning import ClauseMeaning  # noqa: PLC0415 - only who reads statements loads it

    return ClauseMeaning(embedder, folder=folder, requests=requests())


def requests() -> list[str]:
    """What is asked of the shop and states nothing of the customer."""
    return [text for tool in TOOLS if tool.name not in STATING for text in tool.examples]


@lru_cache(maxsize=1)
def _intents(embedder: Embedder, folder: Path, products: tuple[str, ...]) -> IntentModel:
    return load_intents({tool.name: tool.examples for tool in TOOLS}, products, embedder, folder=folder)
