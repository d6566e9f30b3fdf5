"""The agent at work in a small shop, with a model that a test scripts."""

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sqlalchemy import func, select

from agent.graph.context import OnStep
from agent.models.base import Model
from agent.turns.models import Inbound, Reply
from api.containers.agent import build_agent
from api.containers.artifacts import ModelArtifacts
from api.containers.conversations import build_conversations
from api.containers.memory import build_memory
from api.containers.overrides import AgentOverrides, MemoryOverrides, Overrides
from commerce.memberships.store import memberships
from foundation.auth import Principal, Role
from foundation.settings import TurnSettings
from memory.engine import nothing_read
from tests.agent.models import ScriptedModel
from tests.agent.stream import MemoryStream
from tests.shop import Shop, product

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
        settings = shop.settings.model_copy(update={"turn": self.limits})
        infrastructure = replace(shop.infrastructure, settings=settings)
        overrides = Overrides(
            artifacts=ModelArtifacts(settings.var / "models", encoder=NoEmbeddings()),
            memory=MemoryOverrides(read_statements=nothing_read),
            agent=AgentOverrides(models=self.models, stream=self.stream, on_step=self.on_step),
        )
        memory = build_memory(infrastructure, shop.commerce, overrides)
        conversations = build_conversations(infrastructure, memory)
        agent = build_agent(infrastructure, shop.commerce, memory, conversations, overrides)
        self.memory, self.store, self.turns = memory.engine, conversations.turns, agent.turns

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
