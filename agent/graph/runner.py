"""Runs one attempt at a leased turn: keeps the lease, and makes sure that the turn ends with a reply."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import CapacityLimiter
from sqlalchemy.exc import SQLAlchemyError

from agent.graph.build import RECURSION_LIMIT, Graph
from agent.graph.context import OnReply, OnStep, TurnContext
from agent.graph.reply import apology, exchange_of
from agent.graph.reply_events import publish_reply
from agent.turns.events import Append, Emitter
from agent.turns.models import LeasedTurn, Reply
from agent.turns.store import LeaseLost, TurnStore
from foundation import metrics
from foundation.log import bind, logger
from foundation.settings import TurnSettings
from tools.results import ToolResult

LOG = logger(__name__)
MAX_ATTEMPTS = 5
"""A turn whose process died that many times is ended with an apology."""


class Runner:
    def __init__(
        self,
        store: TurnStore,
        graph: Graph,
        append: Append,
        *,
        limits: TurnSettings,
        threads: CapacityLimiter,
        on_step: OnStep,
    ) -> None:
        self._store = store
        self._graph = graph
        self._append = append
        self._limits = limits
        self._threads = threads
        self._on_step = on_step

    async def run(self, turn: LeasedTurn, *, on_reply: OnReply) -> bool:
        """Whether the thread has another open turn; an interrupted turn is resumed once its lease expires."""
        context = self._context(turn, on_reply)
        with bind(turn_id=turn.turn_id, attempt=str(turn.attempt)):
            try:
                async with self._lease_kept(context):
                    if turn.attempt > 1 and not turn.is_answered:
                        await context.emit("restart")
                    return await self._attempt(context)
            except LeaseLost:
                LOG.warning("turn_lease_lost")
                return False
            except SQLAlchemyError as error:
                LOG.warning("turn_interrupted", error=type(error).__name__)
                return False
            except asyncio.CancelledError:
                await asyncio.shield(self._release(context))
                raise

    def _context(self, turn: LeasedTurn, on_reply: OnReply) -> TurnContext:
        return TurnContext(
            turn=turn,
            emit=Emitter(self._append, turn_id=turn.turn_id, attempt=turn.attempt),
            store=self._store,
            limits=self._limits,
            threads=self._threads,
            on_step=self._on_step,
            on_reply=on_reply,
        )

    async def _attempt(self, context: TurnContext) -> bool:
        turn = context.turn
        if turn.attempt > MAX_ATTEMPTS:
            LOG.error("turn_attempts_exhausted")
            return await self._apologise(context)
        try:
            state = await self._graph.ainvoke(
                {"is_answered": turn.is_answered}, {"recursion_limit": RECURSION_LIMIT}, context=context
            )
        except (LeaseLost, SQLAlchemyError):
            raise
        except Exception:  # the customer gets words whatever broke; the log gets the trace
            LOG.exception("turn_failed")
            return await self._apologise(context)
        _count(context, state["reply"])
        return bool(state["has_more"])

    async def _apologise(self, context: TurnContext) -> bool:
        """End the turn; a reply that is stored already stays."""
        turn = context.turn
        reply = (await context.in_thread(lambda: self._store.turn(turn.turn_id))).reply
        if reply is None:
            reply = await self._store_apology(context)
            await publish_reply(context, reply)
        has_more = await context.in_thread(lambda: self._store.finish(turn))
        _count(context, reply)
        return has_more

    async def _store_apology(self, context: TurnContext) -> Reply:
        turn = context.turn
        reply = apology(turn, await self._carried_out(context))
        exchange = exchange_of(turn, [], reply.text)
        await context.in_thread(lambda: self._store.answer(turn, exchange=exchange, reply=reply))
        return reply

    async def _carried_out(self, context: TurnContext) -> list[ToolResult]:
        """The results of the confirmed actions."""
        journal = await context.in_thread(lambda: self._store.journal(context.turn.turn_id))
        return [entry.result for entry in journal.confirmed()]

    @asynccontextmanager
    async def _lease_kept(self, context: TurnContext) -> AsyncIterator[None]:
        """Renew the lease while the body runs; the body is cancelled when the lease is lost."""
        body = asyncio.current_task()
        lost = asyncio.Event()
        renewing = asyncio.create_task(self._renew(context, lost, body))
        try:
            yield
        except asyncio.CancelledError:
            if lost.is_set():
                raise LeaseLost from None
            raise
        finally:
            renewing.cancel()

    async def _renew(
        self, context: TurnContext, lost: asyncio.Event, body: "asyncio.Task[None] | None"
    ) -> None:
        while not lost.is_set():
            await asyncio.sleep(self._limits.lease_seconds / 3)
            try:
                await context.in_thread(lambda: self._store.renew(context.turn))
            except LeaseLost:
                lost.set()
                if body is not None:
                    body.cancel()
            except SQLAlchemyError as error:
                LOG.warning("lease_not_renewed", error=type(error).__name__)

    async def _release(self, context: TurnContext) -> None:
        with suppress(SQLAlchemyError):
            await context.in_thread(lambda: self._store.release(context.turn))


def _count(context: TurnContext, reply: Reply) -> None:
    channel = context.turn.channel
    metrics.turns.labels(channel, _outcome(reply)).inc()
    metrics.turn_seconds.labels(channel).observe(time.monotonic() - context.started)


def _outcome(reply: Reply) -> str:
    if reply.failed:
        return "failure"
    if reply.handed_over:
        return "handoff"
    return "confirmation" if reply.confirmation else "answer"
