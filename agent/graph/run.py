"""One attempt at a turn: what it may use, what it has used, and its journal."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import Connection

from agent.models.base import Message
from agent.turns.events import Emitter
from agent.turns.journal import JournalEntry, RecalledContext
from agent.turns.models import LeasedTurn, Reply
from agent.turns.store import TurnStore
from foundation.auth import Principal
from foundation.settings import TurnSettings
from tools.confirmations import PendingAction

T = TypeVar("T")
OnReply = Callable[[Reply], None]
"""Told the reply as soon as it is in the ledger."""
OnStep = Callable[[str], None]
"""Told the name of each step as it is reached; the fault suite kills the process in it."""


@dataclass
class Run:
    turn: LeasedTurn
    emit: Emitter
    store: TurnStore
    limits: TurnSettings
    threads: CapacityLimiter
    on_step: OnStep
    on_reply: OnReply
    recalled: RecalledContext = field(default_factory=RecalledContext)
    exchange: Sequence[Message] = ()
    """The turn as it was stored; with `reply`, known once it is answered."""
    reply: Reply | None = None
    more_waits: bool = False
    """Whether the thread has another turn to run."""
    waiting: PendingAction | None = None
    """What the thread waits for a yes to."""
    tokens_used: int = 0
    calls_made: int = 0
    writes: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Effects of one turn are made one after the other."""
    started: float = field(default_factory=time.monotonic)

    @property
    def principal(self) -> Principal:
        return self.turn.principal

    @property
    def memory(self) -> str:
        return self.recalled.memory

    @property
    def tools_left(self) -> int:
        return self.limits.tool_calls - self.calls_made

    def is_exhausted(self, step: int) -> bool:
        """Whether the turn has used up its calls, tokens or seconds."""
        return (
            step >= self.limits.model_calls
            or self.tokens_used >= self.limits.tokens
            or time.monotonic() - self.started >= self.limits.seconds
        )

    async def write(self, entry: JournalEntry) -> None:
        await self.apart(lambda: self.store.append(self.turn, entry))
        self.on_step(entry.key)

    def guard(self, tx: Connection) -> None:
        """Keeps the turn ours for the length of an effect's transaction."""
        self.store.hold(tx, self.turn.turn_id, self.turn.fence)

    async def apart(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; their number leaves each two connections to the ledger."""
        return await run_sync(work, limiter=self.threads)
