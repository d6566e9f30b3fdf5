"""Turns: a message is stored first, answered by one process at a time, and resumed if that dies."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from agent.consent import Decision
from agent.graph.context import OnStep
from agent.graph.runner import Runner
from agent.turns.models import Inbound, Receipt, Reply, ThreadMessage, TurnEvent
from agent.turns.store import TurnStore
from foundation.auth import Principal
from tools.confirmations import Confirmations, PendingAction

T = TypeVar("T")
SHUTDOWN_SECONDS = 2.0
POLL_SECONDS = 1.0
"""How often the ledger is read for a turn that another process may be running."""


class Stream(Protocol):
    """A turn's events, stored for a day. Losing them loses no reply."""

    async def append(self, turn_id: str, event: TurnEvent) -> None:
        """Never raises: an event that cannot be stored is dropped."""

    async def read(self, turn_id: str, *, after: str | None, wait_seconds: float) -> list[TurnEvent]:
        """Events after the cursor as soon as there are any; none after the wait or without the stream."""


class Turns:
    def __init__(
        self,
        store: TurnStore,
        runner: Runner,
        confirmations: Confirmations,
        stream: Stream,
        *,
        threads: CapacityLimiter,
        on_step: OnStep = lambda _: None,
    ) -> None:
        self.store = store
        self._confirmations = confirmations
        self._stream = stream
        self._threads = threads
        self._on_step = on_step
        self._runner = runner
        self._tasks: set[asyncio.Task[None]] = set()
        self._expected: WeakValueDictionary[str, asyncio.Future[Reply]] = WeakValueDictionary()
        """Replies that this process computes or waits for."""

    async def start(self, inbound: Inbound) -> Receipt:
        """Store the message, then answer it in the background, whether or not the caller stays connected."""
        receipt = await self._in_thread(lambda: self.store.accept(inbound))
        self._on_step("accepted")
        expected = self._expect(receipt.turn_id)
        task = asyncio.create_task(self._drain_for(receipt.thread_id, expected))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return receipt

    async def decide(self, action_id: str, decision: Decision, principal: Principal) -> Receipt:
        """Confirm or cancel an action by its button; a second press finds the turn of the first."""
        action: PendingAction = await self._in_thread(
            lambda: self._confirmations.find(action_id, principal_id=principal.id)
        )
        return await self.start(
            Inbound(
                thread_id=action.thread_id,
                message_id=f"{decision}:{action_id}",
                principal=principal,
                text="Yes" if decision == "confirm" else "No",
                action_id=action_id,
                decision=decision,
            )
        )

    async def drain(self, thread_id: str) -> None:
        """Run the open turns of the thread one after the other, unless another process has its lease."""
        has_more = True
        while has_more:
            turn = await self._in_thread(lambda: self.store.acquire(thread_id))
            if turn is None:
                return
            self._on_step("claimed")
            has_more = await self._runner.run(turn, on_reply=self._on_reply)

    async def reply(self, turn_id: str, *, timeout_seconds: float) -> Reply | None:
        """The turn's reply as soon as there is one; None after the timeout."""
        is_here = turn_id in self._expected
        expected = self._expect(turn_id)
        stored = None if is_here and timeout_seconds else await self._stored(turn_id)
        try:
            async with asyncio.timeout(timeout_seconds):
                return stored or await self._wait(turn_id, expected)
        except TimeoutError:
            return None

    async def events(self, turn_id: str, *, after: str | None = None) -> AsyncIterator[TurnEvent]:
        """The events of the turn after the cursor, until it is done.

        Where the stream has none and the ledger has a reply, the last events are rebuilt from the ledger.
        """
        cursor = after
        while True:
            arrived = await self._stream.read(turn_id, after=cursor, wait_seconds=POLL_SECONDS)
            for event in arrived:
                cursor = event.id
                yield event
                if event.kind == "done":
                    return
            if not arrived:
                turn = await self._in_thread(lambda: self.store.turn(turn_id))
                if turn.reply is not None:
                    for event in rebuilt(turn.reply, attempt=turn.attempts + 1):
                        yield event
                    return

    async def owner(self, turn_id: str) -> str:
        """Id of the principal whose turn it is."""
        turn = await self._in_thread(lambda: self.store.turn(turn_id))
        return turn.principal_id

    async def thread(self, thread_id: str, principal: Principal) -> list[ThreadMessage]:
        """The conversation as a person reads it; NotFound for anybody but its owner."""
        rows = await self._in_thread(lambda: self.store.thread(thread_id, principal.id))
        waiting = await self._in_thread(lambda: self._confirmations.waiting(thread_id))
        read: list[ThreadMessage] = []
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            read.append(ThreadMessage("customer", row.text, row.at, row.turn_id))
            ends_turn = following is None or following.turn_id != row.turn_id
            if ends_turn and row.reply is not None:
                reply = row.reply
                asked = reply.confirmation if waiting and waiting.asked_in == row.turn_id else None
                read.append(
                    ThreadMessage(
                        "assistant", reply.text, row.at, row.turn_id, reply.cards, asked, reply.form
                    )
                )
        return read

    async def close(self) -> None:
        """Wait for turns that are nearly done; cancel the rest and release their leases."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=SHUTDOWN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _stored(self, turn_id: str) -> Reply | None:
        return (await self._in_thread(lambda: self.store.turn(turn_id))).reply

    async def _wait(self, turn_id: str, expected: asyncio.Future[Reply]) -> Reply:
        """Immediately when this process computes it, else within `POLL_SECONDS`."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    return await asyncio.shield(expected)
            stored = await self._stored(turn_id)
            if stored is not None:
                return stored

    async def _drain_for(self, thread_id: str, expected: asyncio.Future[Reply]) -> None:
        """Drain the thread, and keep the future referenced meanwhile for callers that wait for it."""
        await self.drain(thread_id)
        del expected

    def _expect(self, turn_id: str) -> asyncio.Future[Reply]:
        return self._expected.setdefault(turn_id, asyncio.get_running_loop().create_future())

    def _on_reply(self, reply: Reply) -> None:
        expected = self._expected.get(reply.turn_id)
        if expected is not None and not expected.done():
            expected.set_result(reply)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await run_sync(work, limiter=self._threads)


def rebuilt(reply: Reply, *, attempt: int) -> Iterator[TurnEvent]:
    """The last events of a turn whose stream was lost, numbered after every event a client can have."""
    dumped = reply.to_json()
    yield TurnEvent(f"{attempt}-1", "restart")
    yield TurnEvent(f"{attempt}-2", "token", {"text": reply.text})
    if reply.confirmation is not None:
        yield TurnEvent(f"{attempt}-3", "confirm", dumped["confirmation"])
    yield TurnEvent(f"{attempt}-4", "done", dumped)
