"""What the nodes of a turn depend on; what changes during the turn is in `state.py`."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import Connection

from agent.turns.events import Emitter
from agent.turns.journal import JournalEntry
from agent.turns.models import LeasedTurn, Reply
from agent.turns.store import TurnStore
from foundation.auth import Principal
from foundation.settings import TurnSettings

T = TypeVar("T")
OnReply = Callable[[Reply], None]
"""Receives the reply as soon as it is in the ledger."""
OnStep = Callable[[str], None]
"""Receives the name of each step as it is reached; the fault suite kills the process in it."""


@dataclass(frozen=True)
class TurnContext:
    """One attempt at a turn: the turn as it was leased, and the services and limits it runs with."""

    turn: LeasedTurn
    emit: Emitter
    store: TurnStore
    limits: TurnSettings
    threads: CapacityLimiter
    on_step: OnStep
    on_reply: OnReply
    writes: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Effects of one turn are made one after the other."""
    started: float = field(default_factory=time.monotonic)

    @property
    def principal(self) -> Principal:
        return self.turn.principal

    def is_over_budget(self, *, step: int, tokens_used: int) -> bool:
        """Whether the turn has used up its model calls, tokens or seconds."""
        return (
            step >= self.limits.model_calls
            or tokens_used >= self.limits.tokens
            or time.monotonic() - self.started >= self.limits.seconds
        )

    async def write(self, entry: JournalEntry) -> None:
        await self.in_thread(lambda: self.store.append(self.turn, entry))
        self.on_step(entry.key)

    def guard(self, tx: Connection) -> None:
        """Raise LeaseLost in an effect's transaction, or keep the lease until it ends."""
        self.store.hold(tx, self.turn.turn_id, self.turn.fence)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; their number leaves each two connections to the ledger."""
        return await run_sync(work, limiter=self.threads)
