"""A turn's event stream in memory, which can be lost."""

import asyncio
from collections import defaultdict

from agent.turns.models import TurnEvent


class MemoryStream:
    def __init__(self) -> None:
        self.is_lost = False
        self._events: defaultdict[str, list[TurnEvent]] = defaultdict(list)
        self._arrived = asyncio.Condition()

    async def append(self, turn_id: str, event: TurnEvent) -> None:
        if not self.is_lost:
            async with self._arrived:
                self._events[turn_id].append(event)
                self._arrived.notify_all()

    async def read(self, turn_id: str, *, after: str | None, wait_seconds: float) -> list[TurnEvent]:
        if self.is_lost:
            return []
        try:
            async with asyncio.timeout(wait_seconds), self._arrived:
                await self._arrived.wait_for(lambda: bool(self._after(turn_id, after)))
        except TimeoutError:
            return []
        return self._after(turn_id, after)

    def kinds(self, turn_id: str) -> list[str]:
        return [event.kind for event in self._events[turn_id]]

    def said(self, turn_id: str) -> str:
        """What a client has on its screen at the end."""
        text = ""
        for event in self._events[turn_id]:
            if event.kind in ("restart", "token"):
                text = text + event.payload["text"] if event.kind == "token" else ""
        return text

    def _after(self, turn_id: str, cursor: str | None) -> list[TurnEvent]:
        return [event for event in self._events[turn_id] if cursor is None or place(event.id) > place(cursor)]


def place(event_id: str) -> tuple[int, int]:
    attempt, number = event_id.split("-")
    return int(attempt), int(number)
