"""The agent at work in a small shop, with a model that a test scripts."""

import itertools
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
from anyio import CapacityLimiter
from sqlalchemy import func, select

from agent.graph.build import build_graph
from agent.graph.context import OnStep
from agent.graph.nodes import Nodes
from agent.graph.runner import Runner
from agent.models.base import Model
from agent.models.fallback import Fallback
from agent.service import Turns
from agent.turns.models import Inbound, Reply
from agent.turns.store import TurnStore
from api.containers.catalogue import shop_terms
from commerce.memberships.store import memberships
from foundation.auth import Principal, Role
from foundation.clock import Calendar
from foundation.settings import TurnSettings
from memory.engine import MemoryEngine, open_memory
from memory.knowledge.service import Knowledge
from tests.agent.models import ScriptedModel
from tests.agent.stream import MemoryStream
from tests.shop import CHICAGO, Shop, product
from tools.catalog import Catalog
from tools.confirmations import Confirmations
from tools.effects import Effects

LIMITS = TurnSettings()
NUMBERS = itertools.count(1)


class NoEmbeddings:
    """A customer without a past needs none; one with a past is found by words."""

    def encode(self, texts: Any) -> Any:  # noqa: ANN401 - as an encoder takes and gives them
        return np.ones((len(texts), 384), dtype=np.float32) / np.float32(384**0.5)


@dataclass
class Desk:
    shop: Shop
    models: tuple[Model, ...]
    limits: TurnSettings = LIMITS
    on_step: OnStep = lambda _: None
    stream: MemoryStream = field(default_factory=MemoryStream)

    def __post_init__(self) -> None:
        shop = self.shop
        self.memory: MemoryEngine = open_memory(
            shop.ledger,
            embedder=NoEmbeddings(),
            outbox=shop.outbox,
            data_keys=shop.keys,
            calendar=Calendar(CHICAGO, shop.clock),
            terms=shop_terms(),
        )
        knowledge = Knowledge(shop.ledger, NoEmbeddings(), now=shop.clock)
        confirmations = Confirmations(shop.ledger, now=shop.clock, expire_after=timedelta(minutes=10))
        services = shop.services(self.memory, knowledge)
        catalog = Catalog(shop.ledger, services, Effects(shop.ledger, now=shop.clock), confirmations)
        fallback = Fallback(self.models, now=shop.clock)
        store = TurnStore(shop.ledger, now=shop.clock, lease=timedelta(seconds=self.limits.lease_seconds))
        threads = CapacityLimiter(8)
        graph = build_graph(Nodes(catalog, self.memory, fallback))
        runner = Runner(
            store, graph, self.stream.append, limits=self.limits, threads=threads, on_step=self.on_step
        )
        self.store = store
        self.turns = Turns(store, runner, confirmations, self.stream, threads=threads, on_step=self.on_step)

    def after(self, *, on_step: OnStep) -> "Desk":
        """The same shop in another process."""
        return replace(self, on_step=on_step)

    async def say(self, text: str, *, who: str = "cus_ana", **inbound: Any) -> Reply:  # noqa: ANN401 - any field
        receipt = await self.turns.start(message(text, who=who, **inbound))
        reply = await self.turns.reply(receipt.turn_id, timeout_seconds=20)
        if reply is None:
            raise AssertionError("no reply")
        await self.settled()
        return reply

    async def settled(self) -> None:
        """Until nothing runs any more."""
        for task in list(self.turns._tasks):
            await task

    def memberships(self) -> int:
        with self.shop.ledger.transaction() as tx:
            return int(tx.scalar(select(func.count()).select_from(memberships)) or 0)


def message(text: str, *, who: str = "cus_ana", **changed: Any) -> Inbound:  # noqa: ANN401 - any field
    role = {"cus": Role.CUSTOMER, "gst": Role.GUEST, "stf": Role.STAFF}[who[:3]]
    usual: dict[str, Any] = {
        "thread_id": f"thr_{who}",
        "message_id": f"msg_{next(NUMBERS)}",
        "principal": Principal(who, role),
        "text": text,
    }
    return Inbound(**(usual | changed))


def open_desk(shop: Shop, *answers: Any, **changed: Any) -> Desk:  # noqa: ANN401 - what a scripted model takes
    shop.welcome("ana")
    shop.inventory.put([product(1), product(2, name="Deep Bear Gummies")])
    return Desk(shop, (ScriptedModel("scripted", *answers),), **changed)
