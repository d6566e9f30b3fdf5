import asyncio
from collections.abc import AsyncIterator

from agent.turns.models import TurnEvent
from api.streams import with_pauses


async def some(*events: TurnEvent, then: asyncio.Event | None = None) -> AsyncIterator[TurnEvent]:
    for event in events:
        yield event
    if then is not None:
        await then.wait()


def test_events_come_in_their_order_and_end() -> None:
    async def read() -> list[TurnEvent | None]:
        events = some(TurnEvent("1-1", "token"), TurnEvent("1-2", "done"))
        return [event async for event in with_pauses(events, seconds=10)]

    assert asyncio.run(read()) == [TurnEvent("1-1", "token"), TurnEvent("1-2", "done")]


def test_silence_is_told_and_the_next_event_is_not_lost() -> None:
    async def read() -> list[TurnEvent | None]:
        speak = asyncio.Event()

        async def late() -> AsyncIterator[TurnEvent]:
            await speak.wait()
            yield TurnEvent("1-1", "done")

        told: list[TurnEvent | None] = []
        async for event in with_pauses(late(), seconds=0.01):
            told.append(event)
            speak.set()
        return told

    assert asyncio.run(read()) == [None, TurnEvent("1-1", "done")]


def test_reader_that_goes_away_ends_the_reading() -> None:
    async def read() -> bool:
        closed = asyncio.Event()

        async def endless() -> AsyncIterator[TurnEvent]:
            try:
                yield TurnEvent("1-1", "token")
                await asyncio.Event().wait()
            finally:
                closed.set()

        frames = with_pauses(endless(), seconds=10)
        await anext(frames)
        await frames.aclose()  # type: ignore[attr-defined]
        async with asyncio.timeout(1):
            await closed.wait()
        return closed.is_set()

    assert asyncio.run(read())
