"""Wires the house: every part is made here when it is first asked for, and nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import redis
import redis.asyncio
from anyio import CapacityLimiter

from agent.events import TurnStream
from agent.graph import Graph, build_graph
from agent.models.base import Model
from agent.models.fallback import Fallback
from agent.models.offline.model import OfflineModel
from agent.models.offline.vocabulary import Named
from agent.nodes import Nodes
from agent.run import OnStep
from agent.runner import Runner
from agent.store import TurnStore
from agent.turn import Turns
from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.handoffs.service import Handoffs
from commerce.inventory.service import Inventory
from commerce.memberships.service import Memberships
from commerce.payments.ports import CardGateway
from commerce.payments.sandbox import SandboxGateway
from commerce.payments.service import Payments
from commerce.raffles.service import Raffles
from foundation.auth import Tokens
from foundation.cache import EventStream, open_async_cache, open_cache
from foundation.clock import Calendar, Clock, system_clock
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.idempotency import IdempotencyKeys
from foundation.outbox import Outbox, Relay
from foundation.queue import Jobs
from foundation.settings import ModelSettings, Settings
from foundation.sql import Ledger, open_ledger
from foundation.warehouse.base import Warehouse
from foundation.warehouse.ducklake import DuckLake
from foundation.warehouse.feed import SUBSCRIPTION as WAREHOUSE
from foundation.warehouse.feed import WarehouseFeed
from memory.embeddings import Embedder, load_embedder
from memory.engine import MemoryEngine, open_memory
from tools.base import Services
from tools.catalog import TOOLS, Catalog
from tools.confirmations import Confirmations
from tools.effects import Effects

if TYPE_CHECKING:
    from agent.models.claude import Claude

SUBSCRIPTIONS = (WAREHOUSE,)
NAMES_LAST = timedelta(seconds=5)
"""A product or raffle that is new may be unknown by its name for that long."""


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


class House:
    """Nothing is connected before it is used, so a house may be built before a fork."""

    def __init__(self, settings: Settings, *, now: Clock, brain: Brain, spares: Spares) -> None:
        self.settings = settings
        self.now = now
        self.embedder = brain.embedder
        self._spares = spares

    def close(self) -> None:
        if "warehouse" in self.__dict__:
            self.warehouse.close()
        if "cache" in self.__dict__:
            self.cache.close()
        if "ledger" in self.__dict__:
            self.ledger.close()

    async def leave(self) -> None:
        """Give back the turns that are under way, and close what speaks over the event loop."""
        if "turns" in self.__dict__:
            await self.turns.close()
            await self.stream.close()
        if "claude" in self.__dict__:
            await self.claude.close()
        if "async_cache" in self.__dict__:
            await self.async_cache.aclose()

    # foundation

    @cached_property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger)

    @cached_property
    def cache(self) -> redis.Redis:
        return open_cache(self.settings.cache)

    @cached_property
    def async_cache(self) -> redis.asyncio.Redis:
        return open_async_cache(self.settings.cache)

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(ZoneInfo(self.settings.shop.time_zone), self.now)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.settings.auth, self.ledger, now=self.now)

    @cached_property
    def data_keys(self) -> DataKeys:
        ring = KeyRing.from_settings(self.settings.crypto.keys.get_secret_value())
        return DataKeys(self.ledger, ring, now=self.now)

    @cached_property
    def digests(self) -> LookupDigest:
        return LookupDigest.from_settings(self.settings.crypto.lookup_key.get_secret_value())

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.ledger, SUBSCRIPTIONS, now=self.now)

    @cached_property
    def warehouse(self) -> Warehouse:
        return DuckLake(self.settings.ledger.url, self.settings.warehouse.folder, now=self.now)

    @cached_property
    def feed(self) -> WarehouseFeed:
        return WarehouseFeed(self.ledger, self.warehouse, now=self.now)

    @cached_property
    def relay(self) -> Relay:
        return Relay(self.ledger, [self.feed.subscriber(self.settings.warehouse)], now=self.now)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.ledger, self.cache, now=self.now)

    @cached_property
    def idempotency(self) -> IdempotencyKeys:
        return IdempotencyKeys(self.ledger, now=self.now)

    # commerce and memory

    @cached_property
    def customers(self) -> Customers:
        return Customers(self.ledger, self.data_keys, self.digests, now=self.now)

    @cached_property
    def ages(self) -> AgeVerification:
        return AgeVerification(
            self.ledger, self.customers, self.outbox, self.data_keys, self.digests, self.calendar
        )

    @cached_property
    def payments(self) -> Payments:
        gateway = self._spares.gateway(SandboxGateway(self.ledger, now=self.now))
        return Payments(self.ledger, gateway, self.data_keys, self.digests, now=self.now)

    @cached_property
    def memberships(self) -> Memberships:
        return Memberships(self.ledger, self.customers, self.ages, self.payments, self.outbox, self.calendar)

    @cached_property
    def raffles(self) -> Raffles:
        return Raffles(self.ledger, self.customers, self.ages, self.payments, self.outbox, now=self.now)

    @cached_property
    def memory(self) -> MemoryEngine:
        return open_memory(
            self.ledger,
            embedder=self.embedder,
            outbox=self.outbox,
            data_keys=self.data_keys,
            calendar=self.calendar,
        )

    # tools and agent

    @cached_property
    def services(self) -> Services:
        return Services(
            customers=self.customers,
            inventory=Inventory(self.ledger),
            memberships=self.memberships,
            raffles=self.raffles,
            ages=self.ages,
            handoffs=Handoffs(self.ledger, now=self.now),
            memory=self.memory,
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
        return build_graph(Nodes(self.catalog, self.memory, self.models))

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
        from agent.models.claude import Claude  # noqa: PLC0415 - its SDK takes a second to load

        return Claude(self.settings.models)

    def _usual_models(self) -> Sequence[Model]:
        offline = OfflineModel(
            self.embedder, names=_Names(self.services, self.now), folder=self.settings.var / "models"
        )
        offline.prepare(TOOLS)
        return [self.claude, offline] if wants_claude(self.settings.models) else [offline]


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


def wants_claude(settings: ModelSettings) -> bool:
    """A key, or a server of one's own that speaks the Messages API."""
    return settings.anthropic_api_key is not None or settings.anthropic_base_url is not None


def load_brain(settings: Settings) -> Brain:
    return Brain(load_embedder(settings.var / "models"))


def build(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    brain: Brain | None = None,
    spares: Spares | None = None,
) -> House:
    return House(settings, now=clock, brain=brain or load_brain(settings), spares=spares or Spares())
