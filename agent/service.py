"""A turn from door to done: stored first, run by one process at a time, resumed if that dies."""

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
LAST_SECONDS = 2.0
LOOK_SECONDS = 1.0
"""How often the ledger is asked about a turn that another process may be running."""


class Stream(Protocol):
    """A turn's events, kept for a day. Losing it loses no reply."""

    async def append(self, turn_id: str, event: TurnEvent) -> None:
        """Never raises: what cannot be kept is dropped."""

    async def read(self, turn_id: str, *, after: str | None, wait_seconds: float) -> list[TurnEvent]:
        """Events after the cursor as soon as there are any; none when the wait is over or it is away."""


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
        """Replies that something in this process runs for or waits for."""

    async def start(self, inbound: Inbound) -> Receipt:
        """Store the message, then answer it in the background, whether or not the caller stays."""
        receipt = await self._apart(lambda: self.store.accept(inbound))
        self._on_step("accepted")
        expected = self._expect(receipt.turn_id)
        task = asyncio.create_task(self._drain_for(receipt.thread_id, expected))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return receipt

    async def decide(self, action_id: str, decision: Decision, principal: Principal) -> Receipt:
        """A button under a question; pressing it twice is pressing it once."""
        action: PendingAction = await self._apart(
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
        """Run what waits in the thread, turn after turn, unless another process is at it."""
        goes_on = True
        while goes_on:
            turn = await self._apart(lambda: self.store.acquire(thread_id))
            if turn is None:
                return
            self._on_step("claimed")
            goes_on = await self._runner.run(turn, on_reply=self._arrived)

    async def reply(self, turn_id: str, *, timeout_seconds: float) -> Reply | None:
        """The turn's reply as soon as there is one; None when the time is over."""
        is_here = turn_id in self._expected
        expected = self._expect(turn_id)
        stored = None if is_here and timeout_seconds else await self._stored(turn_id)
        try:
            async with asyncio.timeout(timeout_seconds):
                return stored or await self._arrival(turn_id, expected)
        except TimeoutError:
            return None

    async def events(self, turn_id: str, *, after: str | None = None) -> AsyncIterator[TurnEvent]:
        """What happens in the turn, from the cursor on, until it is done.

        Where the stream has nothing and the ledger has a reply, the end is rebuilt from the ledger.
        """
        cursor = after
        while True:
            arrived = await self._stream.read(turn_id, after=cursor, wait_seconds=LOOK_SECONDS)
            for event in arrived:
                cursor = event.id
                yield event
                if event.kind == "done":
                    return
            if not arrived:
                turn = await self._apart(lambda: self.store.turn(turn_id))
                if turn.reply is not None:
                    for event in rebuilt(turn.reply, attempt=turn.attempts + 1):
                        yield event
                    return

    async def owner(self, turn_id: str) -> str:
        """Id of the principal whose turn it is."""
        turn = await self._apart(lambda: self.store.turn(turn_id))
        return turn.principal_id

    async def thread(self, thread_id: str, principal: Principal) -> list[ThreadMessage]:
        """The conversation as a person reads it; NotFound for anybody but its owner."""
        rows = await self._apart(lambda: self.store.thread(thread_id, principal.id))
        waiting = await self._apart(lambda: self._confirmations.waiting(thread_id))
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
        """Let what is nearly done finish; stop the rest and give its threads back for another to go on."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _stored(self, turn_id: str) -> Reply | None:
        return (await self._apart(lambda: self.store.turn(turn_id))).reply

    async def _arrival(self, turn_id: str, expected: asyncio.Future[Reply]) -> Reply:
        """At once when it comes from this process, else within the second."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    return await asyncio.shield(expected)
            stored = await self._stored(turn_id)
            if stored is not None:
                return stored

    async def _drain_for(self, thread_id: str, expected: asyncio.Future[Reply]) -> None:
        """Drain the thread, and keep the future alive meanwhile for whoever comes to wait for it."""
        await self.drain(thread_id)
        del expected

    def _expect(self, turn_id: str) -> asyncio.Future[Reply]:
        return self._expected.setdefault(turn_id, asyncio.get_running_loop().create_future())

    def _arrived(self, reply: Reply) -> None:
        expected = self._expected.get(reply.turn_id)
        if expected is not None and not expected.done():
            expected.set_result(reply)

    async def _apart(self, work: Callable[[], T]) -> T:
        return await run_sync(work, limiter=self._threads)


def rebuilt(reply: Reply, *, attempt: int) -> Iterator[TurnEvent]:
    """The end of a turn whose stream was lost, numbered after everything a client can have seen."""
    dumped = reply.to_json()
    yield TurnEvent(f"{attempt}-1", "restart")
    yield TurnEvent(f"{attempt}-2", "token", {"text": reply.text})
    if reply.confirmation is not None:
        yield TurnEvent(f"{attempt}-3", "confirm", dumped["confirmation"])
    yield TurnEvent(f"{attempt}-4", "done", dumped)
