"""The agent: tools, models, the graph of a turn, and the service that runs turns."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import CapacityLimiter

from agent.graph.build import Graph, build_graph
from agent.graph.nodes import Nodes
from agent.graph.runner import Runner
from agent.models.base import Model
from agent.models.fallback import Fallback
from agent.models.offline.model import OfflineModel
from agent.models.offline.vocabulary import Named
from agent.service import Stream, Turns
from agent.turns.adoption import Conversations
from agent.turns.events import TurnStream
from api.containers.commerce import CommerceServices
from api.containers.conversations import ConversationServices, opening_claude
from api.containers.infrastructure import Infrastructure
from api.containers.memory import MemoryServices
from api.containers.overrides import USUAL, AgentOverrides, Overrides
from commerce.customers.signin import SignIn
from foundation.cache import EventStream, open_async_cache
from foundation.clock import Clock
from foundation.settings import Settings
from foundation.sql import Ledger
from memory.context.models import Depth
from tools.base import Services
from tools.catalog import TOOLS, Catalog
from tools.effects import Effects

Close = Callable[[], Awaitable[None]]
NAMES_LAST = timedelta(seconds=5)
"""A new product or raffle may be unknown by its name for that long."""


@dataclass(frozen=True)
class AgentServices:
    tools: Services
    catalog: Catalog
    models: Fallback
    turns: Turns
    sign_in: SignIn
    connections: Sequence[Close]
    """Close what speaks over an event loop."""

    async def close(self) -> None:
        """Give back the turns that are under way, and close what speaks over this event loop.

        Afterwards turns may be run in another event loop.
        """
        for close in (self.turns.close, *self.connections):
            await close()


def build_agent(
    infrastructure: Infrastructure,
    commerce: CommerceServices,
    memory: MemoryServices,
    conversations: ConversationServices,
    overrides: Overrides = USUAL,
) -> AgentServices:
    settings, ledger, clock = infrastructure.settings, infrastructure.ledger, infrastructure.clock
    tools = build_tool_services(infrastructure, commerce, memory)
    catalog = Catalog(ledger, tools, Effects(ledger, now=clock), conversations.confirmations)
    models = _build_models(settings, memory, _Names(tools, clock), overrides.agent)
    chain = Fallback(models.chain, now=clock)
    stream = _build_stream(settings, overrides.agent)
    # The offline model speaks from what tools say; whatever else it was told would be lost on it.
    depth = Depth.FULL if settings.models.wants_claude else Depth.BRIEF
    graph = build_graph(Nodes(catalog, memory.engine, chain, depth))
    return AgentServices(
        tools=tools,
        catalog=catalog,
        models=chain,
        turns=_build_turns(settings, conversations, graph, stream.stream, overrides.agent),
        sign_in=_build_sign_in(ledger, commerce),
        connections=(*stream.connections, *models.connections),
    )


@dataclass(frozen=True)
class _Models:
    chain: Sequence[Model]
    connections: Sequence[Close] = ()


@dataclass(frozen=True)
class _Stream:
    stream: Stream
    connections: Sequence[Close] = ()


def build_tool_services(
    infrastructure: Infrastructure, commerce: CommerceServices, memory: MemoryServices
) -> Services:
    return Services(
        customers=commerce.customers.service,
        addresses=commerce.customers.addresses,
        consents=commerce.customers.consents,
        inventory=commerce.inventory,
        carts=commerce.checkout.carts,
        checkout=commerce.checkout.service,
        memberships=commerce.memberships.service,
        raffles=commerce.raffles.service,
        draw_proofs=commerce.raffles.proofs,
        ages=commerce.age.service,
        handoffs=commerce.handoffs,
        memory=memory.engine,
        knowledge=memory.knowledge,
        calendar=infrastructure.calendar,
    )


def _build_models(
    settings: Settings, memory: MemoryServices, names: "_Names", overrides: AgentOverrides
) -> _Models:
    if overrides.models:
        return _Models(overrides.models)
    offline = OfflineModel(memory.artifacts.training(), names=names)
    offline.prepare(TOOLS)
    if not settings.models.wants_claude:
        return _Models([offline])
    claude = opening_claude(settings)()
    return _Models([claude, offline], [claude.close])


def _build_stream(settings: Settings, overrides: AgentOverrides) -> _Stream:
    if overrides.stream is not None:
        return _Stream(overrides.stream)
    cache = open_async_cache(settings.cache)
    stream = TurnStream(EventStream(cache))
    return _Stream(stream, [stream.close, cache.aclose])


def _build_turns(
    settings: Settings,
    conversations: ConversationServices,
    graph: Graph,
    stream: Stream,
    overrides: AgentOverrides,
) -> Turns:
    # An effect that moves money holds two connections, so threads are half as many.
    threads = CapacityLimiter(settings.ledger.pool_size // 2)
    store, on_step = conversations.turns, overrides.on_step
    runner = Runner(store, graph, stream.append, limits=settings.turn, threads=threads, on_step=on_step)
    return Turns(store, runner, conversations.confirmations, stream, threads=threads, on_step=on_step)


def _build_sign_in(ledger: Ledger, commerce: CommerceServices) -> SignIn:
    customers = commerce.customers
    belongings = (
        Conversations(ledger),
        commerce.handoffs,
        customers.consents,
        commerce.checkout.carts,
    )
    return SignIn(ledger, customers.service, customers.access, belongings=belongings)


class _Names:
    """What products and raffles are called just now."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self._services = services
        self._clock = clock
        self._read_at: datetime | None = None
        self._names: Sequence[Named] = ()

    def __call__(self) -> Sequence[Named]:
        now = self._clock()
        if self._read_at is None or now - self._read_at >= NAMES_LAST:
            products = self._services.inventory.products()
            raffles = self._services.raffles.list_open()
            self._names = [
                *(Named("product", product.id, product.name) for product in products),
                *(Named("raffle", raffle.id, raffle.title) for raffle in raffles),
            ]
            self._read_at = now
        return self._names
