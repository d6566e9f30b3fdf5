"""Events of a turn as server-sent events, with heartbeats while nothing happens."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from fastapi.sse import EventSourceResponse, format_sse_event

from agent.turns.models import Receipt, TurnEvent
from api.schemas.chat_events import event_json

EVENTS = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Proxies must pass each event on as it comes."""


def stream(events: AsyncIterator[TurnEvent], *, receipt: Receipt | None = None) -> EventSourceResponse:
    """Each event as a frame; with a receipt, `accepted` comes first and names the turn.

    A client that goes away ends the reading, never the turn.
    """
    return EventSourceResponse(_frames(events, receipt), headers=HEADERS)


async def _frames(events: AsyncIterator[TurnEvent], receipt: Receipt | None) -> AsyncIterator[bytes]:
    if receipt is not None:
        yield _frame("accepted", {"turn_id": receipt.turn_id, "thread_id": receipt.thread_id})
    async for event in with_pauses(events, seconds=HEARTBEAT_SECONDS):
        if event is None:
            yield format_sse_event(comment="heartbeat")
        else:
            yield _frame(event.kind, event.payload, id=event.id)


def _frame(kind: str, payload: Mapping[str, Any], *, id: str | None = None) -> bytes:
    return format_sse_event(event=kind, data_str=event_json(kind, payload), id=id)


async def with_pauses(events: AsyncIterator[TurnEvent], *, seconds: float) -> AsyncIterator[TurnEvent | None]:
    """The events, and None for each stretch of so many seconds without one."""
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=seconds)
            if not coming.done():
                yield None
            elif (event := coming.result()) is None:
                return
            else:
                yield event
                coming = asyncio.ensure_future(anext(events, None))
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming
