"""Wires the house: every part is made here when it is first asked for, and nowhere else."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from anyio import CapacityLimiter

from agent.fact_extraction import ClaudeFactExtractor
from agent.graph.build import Graph, build_graph
from agent.graph.nodes import Nodes
from agent.graph.runner import Runner
from agent.models.base import Model
from agent.models.fallback import Fallback
from agent.models.offline.model import OfflineModel
from agent.models.offline.vocabulary import Named
from agent.service import Turns
from agent.turns.adoption import Conversations
from agent.turns.events import TurnStream
from agent.turns.store import TurnStore
from api.containers.mind import Mind
from api.containers.spares import Brain, Spares
from commerce.customers.signin import SignIn
from foundation.cache import EventStream
from foundation.clock import Clock, system_clock
from foundation.settings import Settings
from memory.context.models import Depth
from memory.embeddings import load_embedder
from memory.facts.extraction import FactExtraction
from tools.base import Services
from tools.catalog import TOOLS, Catalog
from tools.confirmations import Confirmations
from tools.effects import Effects

if TYPE_CHECKING:
    from agent.models.claude import Claude

NAMES_LAST = timedelta(seconds=5)
"""A product or raffle that is new may be unknown by its name for that long."""


class House(Mind):
    """The shop with its tools and the agent."""

    def prepare(self) -> None:
        """Load what answers a turn, so that no customer waits for it; a new machine trains it first."""
        _ = self.graph, self.statement_reader

    async def leave(self) -> None:
        """Give back the turns that are under way, and close what speaks over the event loop."""
        if "turns" in self.__dict__:
            await self.turns.close()
            await self.stream.close()
        if "claude" in self.__dict__:
            await self.claude.close()
        if "async_cache" in self.__dict__:
            await self.async_cache.aclose()

    @cached_property
    def sign_in(self) -> SignIn:
        belongings = (Conversations(self.ledger), self.handoffs, self.consents, self.carts)
        return SignIn(self.ledger, self.customers, self.access, belongings=belongings)

    @cached_property
    def services(self) -> Services:
        return Services(
            customers=self.customers,
            addresses=self.addresses,
            consents=self.consents,
            inventory=self.inventory,
            carts=self.carts,
            checkout=self.checkout,
            memberships=self.memberships,
            raffles=self.raffles,
            draw_proofs=self.draw_proofs,
            ages=self.ages,
            handoffs=self.handoffs,
            memory=self.memory,
            knowledge=self.knowledge,
            calendar=self.calendar,
        )

    @cached_property
    def confirmations(self) -> Confirmations:
        minutes = timedelta(minutes=self.settings.turn.confirmation_minutes)
        return Confirmations(self.ledger, now=self.now, expire_after=minutes)

    @cached_property
    def catalog(self) -> Catalog:
        effects = Effects(self.ledger, now=self.now)
        return Catalog(self.ledger, self.services, effects, self.confirmations)

    @cached_property
    def models(self) -> Fallback:
        return Fallback(self._spares.models or self._usual_models(), now=self.now)

    @cached_property
    def graph(self) -> Graph:
        # The offline model speaks from what tools say; whatever else it was told would be lost on it.
        depth = Depth.FULL if self.settings.models.wants_claude else Depth.BRIEF
        return build_graph(Nodes(self.catalog, self.memory, self.models, depth))

    @cached_property
    def stream(self) -> TurnStream:
        return TurnStream(EventStream(self.async_cache))

    @cached_property
    def turns(self) -> Turns:
        limits = self.settings.turn
        store = TurnStore(self.ledger, now=self.now, lease=timedelta(seconds=limits.lease_seconds))
        # An effect that moves money holds two connections, so threads are half as many.
        threads = CapacityLimiter(self.settings.ledger.pool_size // 2)
        runner = Runner(
            store,
            self.graph,
            self.stream.append,
            limits=limits,
            threads=threads,
            on_step=self._spares.on_step,
        )
        return Turns(
            store, runner, self.confirmations, self.stream, threads=threads, on_step=self._spares.on_step
        )

    @cached_property
    def claude(self) -> "Claude":
        return self._open_claude()

    def _open_claude(self) -> "Claude":
        from agent.models.claude import Claude  # noqa: PLC0415 - its SDK takes a second to load

        return Claude(self.settings.models)

    @cached_property
    def fact_extraction(self) -> FactExtraction:
        extractor = ClaudeFactExtractor(self._open_claude, now=self.now)
        return FactExtraction(self.ledger, lambda: self.fact_learning, extractor)

    def _usual_models(self) -> Sequence[Model]:
        offline = OfflineModel(self.brain.training, names=_Names(self.services, self.now))
        offline.prepare(TOOLS)
        return [self.claude, offline] if self.settings.models.wants_claude else [offline]


class _Names:
    """What the shop's things are called just now."""

    def __init__(self, services: Services, now: Clock) -> None:
        self._services = services
        self._now = now
        self._read_at: datetime | None = None
        self._names: Sequence[Named] = ()

    def __call__(self) -> Sequence[Named]:
        now = self._now()
        if self._read_at is None or now - self._read_at >= NAMES_LAST:
            products = self._services.inventory.products()
            raffles = self._services.raffles.list_open()
            self._names = [
                *(Named("product", product.id, product.name) for product in products),
                *(Named("raffle", raffle.id, raffle.title) for raffle in raffles),
            ]
            self._read_at = now
        return self._names


def load_brain(settings: Settings) -> Brain:
    folder = settings.var / "models"
    return Brain(load_embedder(folder), folder)


def build(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    brain: Brain | None = None,
    spares: Spares | None = None,
) -> House:
    return House(settings, now=clock, brain=brain or load_brain(settings), spares=spares or Spares())
