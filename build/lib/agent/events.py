"""What a door shows while a turn runs, numbered so that a dropped client can resume."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agent.state import TurnEvent
from foundation.cache import CacheAway, EventStream
from foundation.log import logger

LOG = logger(__name__)
AWAY_SECONDS = 0.25
"""How long a reader waits before it looks into the ledger, while the cache is away."""

Append = Callable[[str, TurnEvent], Awaitable[None]]
"""Adds an event to a turn's stream; a lost stream must not raise: the ledger has the truth."""


class Emitter:
    def __init__(self, append: Append, *, turn_id: str, attempt: int) -> None:
        self._append = append
        self._turn_id = turn_id
        self._attempt = attempt
        self._number = 0
        self._spoken = ""

    @property
    def has_spoken(self) -> bool:
        return bool(self._spoken)

    async def __call__(self, kind: str, payload: dict[str, Any] | None = None) -> None:
        self._number += 1
        event = TurnEvent(f"{self._attempt}-{self._number}", kind, payload or {})
        await self._append(self._turn_id, event)

    async def speak(self, text: str) -> None:
        """A piece of the reply, as it is written."""
        if text:
            self._spoken += text
            await self("token", {"text": text})

    async def restart(self) -> None:
        """Take back what was spoken; clients drop the tokens they have."""
        if self._spoken:
            self._spoken = ""
            await self("restart")

    async def settle(self, text: str) -> None:
        """Leave the client with exactly this text."""
        if not text.startswith(self._spoken):
            await self.restart()
        await self.speak(text.removeprefix(self._spoken))


class TurnStream:
    """The events in the cache; without it a turn goes on, and its end is read from the ledger."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream

    async def append(self, turn_id: str, event: TurnEvent) -> None:
        """Never raises: what cannot be kept is dropped."""
        try:
            await self._stream.append(turn_id, event.id, event.kind, event.payload)
        except CacheAway:
            LOG.warning("event_dropped", turn_id=turn_id, kind=event.kind)

    async def read(self, turn_id: str, *, after: str | None, wait_seconds: float) -> list[TurnEvent]:
        """Events after the cursor as soon as there are any; none when the wait is over or it is away."""
        try:
            found = await self._stream.read(turn_id, after=after, block_ms=int(wait_seconds * 1000))
        except CacheAway:
            await asyncio.sleep(min(wait_seconds, AWAY_SECONDS))
            return []
        return [TurnEvent(event.id, event.kind, dict(event.payload)) for event in found]
