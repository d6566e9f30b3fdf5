"""What a door shows while a turn runs, numbered so that a dropped client can resume."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from agent.turns.models import TurnEvent
from foundation.cache import CacheAway, EventStream, StreamEvent
from foundation.log import logger

LOG = logger(__name__)
GATHER_SECONDS = 0.02
"""For how long events are gathered for the cache after a batch; readers in this process do not wait."""
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


class Tape:
    """The events of a turn that runs in this process, for readers in this process."""

    def __init__(self) -> None:
        self.events: list[TurnEvent] = []
        self.unsaved: list[TurnEvent] = []
        self.saving: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()
        self._ended = asyncio.Event()

    def add(self, event: TurnEvent) -> None:
        self.events.append(event)
        if event.kind == "done":
            self._ended.set()
        self.unsaved.append(event)
        self._grown.set()
        self._grown = asyncio.Event()

    async def after(self, cursor: str | None, *, wait_seconds: float) -> list[TurnEvent]:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                while not (found := [event for event in self.events if is_later(event.id, cursor)]):
                    await self._grown.wait()
                return found
        return []

    async def gather(self) -> None:
        """Let some more come in; the last one is not kept waiting."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                await self._ended.wait()


class TurnStream:
    """A turn's events: read at once in the process that runs it, and through the cache everywhere else.

    What happens within a moment goes to the cache in one batch. Without
    the cache a turn goes on, and its end is read from the ledger.
    """

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._tapes: dict[str, Tape] = {}

    async def append(self, turn_id: str, event: TurnEvent) -> None:
        """Never raises: what cannot be kept is dropped."""
        tape = self._tapes.setdefault(turn_id, Tape())
        tape.add(event)
        if tape.saving is None:
            tape.saving = asyncio.create_task(self._save(turn_id, tape))

    async def read(self, turn_id: str, *, after: str | None, wait_seconds: float) -> list[TurnEvent]:
        """Events after the cursor as soon as there are any; none when the wait is over or it is away."""
        tape = self._tapes.get(turn_id)
        if tape is not None:
            return await tape.after(after, wait_seconds=wait_seconds)
        try:
            found = await self._stream.read(turn_id, after=after, block_ms=int(wait_seconds * 1000))
        except CacheAway:
            await asyncio.sleep(min(wait_seconds, AWAY_SECONDS))
            return []
        return [TurnEvent(event.id, event.kind, dict(event.payload)) for event in found]

    async def close(self) -> None:
        """Wait until the cache has what it was to have."""
        saving = [tape.saving for tape in self._tapes.values() if tape.saving]
        await asyncio.gather(*saving, return_exceptions=True)

    async def _save(self, turn_id: str, tape: Tape) -> None:
        while tape.unsaved:
            batch, tape.unsaved = tape.unsaved, []
            try:
                await self._stream.append(
                    turn_id, *(StreamEvent(event.id, event.kind, event.payload) for event in batch)
                )
            except CacheAway:
                LOG.warning("events_dropped", turn_id=turn_id, count=len(batch))
            await tape.gather()
        tape.saving = None
        if tape.events[-1].kind == "done":
            self._tapes.pop(turn_id, None)


def is_later(event_id: str, cursor: str | None) -> bool:
    return cursor is None or _place(event_id) > _place(cursor)


def _place(event_id: str) -> tuple[int, int]:
    attempt, _, number = event_id.partition("-")
    return int(attempt), int(number)
