"""The events of a turn as it runs, numbered so that a client can resume after a lost connection."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from agent.turns.models import TurnEvent
from foundation.cache import CacheAway, EventStream, StreamEvent
from foundation.log import logger

LOG = logger(__name__)
BATCH_SECONDS = 0.02
"""How long events are collected for the next batch to the cache; readers in this process do not wait."""
OUTAGE_WAIT_SECONDS = 0.25
"""How long a reader waits before it reads the ledger, while the cache is unavailable."""

Append = Callable[[str, TurnEvent], Awaitable[None]]
"""Adds an event to a turn's stream. It must not raise: what is lost can be rebuilt from the ledger."""


class Emitter:
    def __init__(self, append: Append, *, turn_id: str, attempt: int) -> None:
        self._append = append
        self._turn_id = turn_id
        self._attempt = attempt
        self._number = 0
        self._text = ""

    @property
    def has_text(self) -> bool:
        return bool(self._text)

    async def __call__(self, kind: str, payload: dict[str, Any] | None = None) -> None:
        self._number += 1
        event = TurnEvent(f"{self._attempt}-{self._number}", kind, payload or {})
        await self._append(self._turn_id, event)

    async def text(self, text: str) -> None:
        """Send a piece of the reply, as it is written."""
        if text:
            self._text += text
            await self("token", {"text": text})

    async def restart(self) -> None:
        """Withdraw the text sent so far; clients drop the tokens they have."""
        if self._text:
            self._text = ""
            await self("restart")

    async def complete(self, text: str) -> None:
        """Send what is missing, so that the client has exactly this text."""
        if not text.startswith(self._text):
            await self.restart()
        await self.text(text.removeprefix(self._text))


class LocalEvents:
    """The events of a turn that runs in this process, for readers in this process."""

    def __init__(self) -> None:
        self.events: list[TurnEvent] = []
        self.unsaved: list[TurnEvent] = []
        self.saving: asyncio.Task[None] | None = None
        self._added = asyncio.Event()
        self._done = asyncio.Event()

    def add(self, event: TurnEvent) -> None:
        self.events.append(event)
        if event.kind == "done":
            self._done.set()
        self.unsaved.append(event)
        self._added.set()
        self._added = asyncio.Event()

    async def after(self, cursor: str | None, *, wait_seconds: float) -> list[TurnEvent]:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                while not (found := [event for event in self.events if is_later(event.id, cursor)]):
                    await self._added.wait()
                return found
        return []

    async def collect_batch(self) -> None:
        """Wait for more events; the last one of the turn ends the wait."""
        with suppress(TimeoutError):
            async with asyncio.timeout(BATCH_SECONDS):
                await self._done.wait()


class TurnStream:
    """A turn's events: read from memory in the process that runs it, and through the cache in all others.

    Events go to the cache in batches. Without the cache a turn goes on, and its end is read from the ledger.
    """

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._local: dict[str, LocalEvents] = {}

    async def append(self, turn_id: str, event: TurnEvent) -> None:
        """Never raises: an event that cannot be stored is dropped."""
        events = self._local.setdefault(turn_id, LocalEvents())
        events.add(event)
        if events.saving is None:
            events.saving = asyncio.create_task(self._save(turn_id, events))

    async def read(self, turn_id: str, *, after: str | None, wait_seconds: float) -> list[TurnEvent]:
        """Events after the cursor as soon as there are any; none after the wait or without the cache."""
        events = self._local.get(turn_id)
        if events is not None:
            return await events.after(after, wait_seconds=wait_seconds)
        try:
            found = await self._stream.read(turn_id, after=after, block_ms=int(wait_seconds * 1000))
        except CacheAway:
            await asyncio.sleep(min(wait_seconds, OUTAGE_WAIT_SECONDS))
            return []
        return [TurnEvent(event.id, event.kind, dict(event.payload)) for event in found]

    async def close(self) -> None:
        """Wait until the cache has every event, or has failed."""
        saving = [events.saving for events in self._local.values() if events.saving]
        await asyncio.gather(*saving, return_exceptions=True)

    async def _save(self, turn_id: str, events: LocalEvents) -> None:
        while events.unsaved:
            batch, events.unsaved = events.unsaved, []
            try:
                await self._stream.append(
                    turn_id, *(StreamEvent(event.id, event.kind, event.payload) for event in batch)
                )
            except CacheAway:
                LOG.warning("events_dropped", turn_id=turn_id, count=len(batch))
            await events.collect_batch()
        events.saving = None
        if events.events[-1].kind == "done":
            self._local.pop(turn_id, None)


def is_later(event_id: str, cursor: str | None) -> bool:
    return cursor is None or _position(event_id) > _position(cursor)


def _position(event_id: str) -> tuple[int, int]:
    attempt, _, number = event_id.partition("-")
    return int(attempt), int(number)
