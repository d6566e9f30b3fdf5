"""Runs one attempt at a claimed turn: keeps its lease, and sees to it that it ends in words."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import CapacityLimiter
from sqlalchemy.exc import SQLAlchemyError

from agent.graph.build import RECURSION_LIMIT, Graph
from agent.graph.reply import apology, exchange_of
from agent.graph.reply_events import announce
from agent.graph.run import OnReply, OnStep, Run
from agent.turns.events import Append, Emitter
from agent.turns.models import LeasedTurn, Reply
from agent.turns.store import LeaseLost, TurnStore
from foundation import metrics
from foundation.log import bind, logger
from foundation.settings import TurnSettings
from tools.results import ToolResult

LOG = logger(__name__)
MAX_ATTEMPTS = 5
"""A turn that has brought down that many attempts is ended with an apology."""


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
        """Whether another turn waits in the thread. One cut off is taken up when its lease is over."""
        run = self._begin(turn, on_reply)
        with bind(turn_id=turn.turn_id, attempt=str(turn.attempt)):
            try:
                async with self._lease_kept(run):
                    if turn.attempt > 1 and not turn.is_answered:
                        await run.emit("restart")
                    await self._attempt(run)
            except LeaseLost:
                LOG.warning("turn_taken_over")
                return False
            except SQLAlchemyError as error:
                LOG.warning("turn_interrupted", error=type(error).__name__)
                return False
            except asyncio.CancelledError:
                await asyncio.shield(self._give_back(run))
                raise
        return run.more_waits

    def _begin(self, turn: LeasedTurn, on_reply: OnReply) -> Run:
        return Run(
            turn=turn,
            emit=Emitter(self._append, turn_id=turn.turn_id, attempt=turn.attempt),
            store=self._store,
            limits=self._limits,
            threads=self._threads,
            on_step=self._on_step,
            on_reply=on_reply,
        )

    async def _attempt(self, run: Run) -> None:
        turn = run.turn
        if turn.attempt > MAX_ATTEMPTS:
            LOG.error("turn_given_up")
            await self._apologise(run)
            return
        try:
            await self._graph.ainvoke(
                {"is_answered": turn.is_answered}, {"recursion_limit": RECURSION_LIMIT}, context=run
            )
        except (LeaseLost, SQLAlchemyError):
            raise
        except Exception:  # the customer gets words whatever broke; the log gets the trace
            LOG.exception("turn_broke")
            await self._apologise(run)
        else:
            self._count(run)

    async def _apologise(self, run: Run) -> None:
        """End the turn; a reply that is stored already stays."""
        stored = await run.apart(lambda: self._store.turn(run.turn.turn_id))
        if stored.reply is None:
            reply = apology(run, await self._done_for_good(run))
            exchange = exchange_of(run, [], reply.text)
            await run.apart(lambda: self._store.answer(run.turn, exchange=exchange, reply=reply))
            run.reply = reply
            await announce(run, reply)
        run.more_waits = await run.apart(lambda: self._store.finish(run.turn))
        self._count(run)

    async def _done_for_good(self, run: Run) -> list[ToolResult]:
        journal = await run.apart(lambda: self._store.journal(run.turn.turn_id))
        return [entry.result for entry in journal.confirmed()]

    @asynccontextmanager
    async def _lease_kept(self, run: Run) -> AsyncIterator[None]:
        """Renew the lease while the body runs; the body is stopped when it is lost."""
        body = asyncio.current_task()
        lost = False

        async def keep() -> None:
            nonlocal lost
            while True:
                await asyncio.sleep(self._limits.lease_seconds / 3)
                try:
                    await run.apart(lambda: self._store.renew(run.turn))
                except LeaseLost:
                    lost = True
                    if body is not None:
                        body.cancel()
                    return
                except SQLAlchemyError as error:
                    LOG.warning("lease_not_renewed", error=type(error).__name__)

        keeper = asyncio.create_task(keep())
        try:
            yield
        except asyncio.CancelledError:
            if lost:
                raise LeaseLost from None
            raise
        finally:
            keeper.cancel()

    async def _give_back(self, run: Run) -> None:
        with suppress(SQLAlchemyError):
            await run.apart(lambda: self._store.release(run.turn))

    def _count(self, run: Run) -> None:
        metrics.turns.labels(run.turn.channel, _outcome(run.reply)).inc()
        metrics.turn_seconds.labels(run.turn.channel).observe(time.monotonic() - run.started)


def _outcome(reply: Reply | None) -> str:
    if reply is None or reply.failed:
        return "failure"
    if reply.handed_over:
        return "handoff"
    return "confirmation" if reply.confirmation else "answer"
