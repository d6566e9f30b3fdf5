"""What may stand in place of a usual part, and what is loaded once for every process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.models.base import Model
from agent.run import OnStep
from commerce.payments.ports import CardGateway
from memory.embeddings import Embedder


@dataclass(frozen=True)
class Spares:
    """What a test or a benchmark puts in place of the usual part."""

    models: Sequence[Model] = ()
    gateway: Callable[[CardGateway], CardGateway] = lambda gateway: gateway
    on_step: OnStep = lambda _: None


@dataclass(frozen=True)
class Brain:
    """What takes long to load and is the same in every process; it may be loaded before a fork."""

    embedder: Embedder
