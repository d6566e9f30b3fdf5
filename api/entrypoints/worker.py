"""What the worker does with a job: answer a long question, or finish turns that were cut off."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from anyio.to_thread import run_sync

import api.containers.agent  # noqa: F401 - what every job runs is loaded before the fork
from agent.turns.models import Receipt, Reply
from api.containers.artifacts import load_artifacts
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from api.entrypoints.processes import Ready, settle
from api.entrypoints.unfinished_turns import finish_turns
from api.jobs import FORETELL, REASON, REFINE, RESUME, ReasoningJob
from foundation import queue
from foundation.errors import GatewayTimeout
from foundation.queue import Handler, Job, OpenWorkerContext, Report, WorkerContext
from foundation.settings import Settings

LOOKS, LOOK_SECONDS = 90, 1.0
"""For a turn that another process holds, or held until it was killed: then it is taken over, since
what would resume it waits in the queue behind this very job."""


class StillBusy(GatewayTimeout):
    def __init__(self) -> None:
        super().__init__("This conversation is still busy with an earlier message.")


def run_worker(settings: Settings, *, ready: Ready) -> None:
    def load_and_say_so() -> OpenWorkerContext:
        open_context = load(settings)
        settle()
        ready()
        return open_context

    queue.run_worker(settings.cache, load=load_and_say_so)


def load(settings: Settings) -> OpenWorkerContext:
    """Load code and models; the container is built in the worker process, after the fork."""
    artifacts = load_artifacts(settings)
    artifacts.embedder()
    if settings.models.extracts_facts:
        artifacts.clause_meaning()

    @contextmanager
    def open_context() -> Iterator[WorkerContext]:
        container = build_container(settings, Overrides(artifacts=artifacts))
        try:
            yield WorkerContext(container.infrastructure.jobs, handlers(container))
        finally:
            container.close()

    return open_context


def handlers(container: Container) -> Mapping[str, Handler]:
    def reason(job: Job, report: Report) -> Mapping[str, Any]:
        return asyncio.run(_answer(container, job, report))

    def resume(job: Job, _: Report) -> None:
        asyncio.run(finish_turns(container, [job.payload["thread_id"]]))

    def foretell(_: Job, report: Report) -> Mapping[str, Any]:
        done: Counter[str] = Counter()

        def progress(part: str, more: int) -> None:
            done[part] += more
            report(dict(done))

        version = container.memory.predictions.nightly.run(progress=progress)
        container.memory.predictions.suggestions.run(progress=progress)
        return {"model": version, **done}

    def refine(job: Job, _: Report) -> Mapping[str, Any]:
        return {"facts": container.conversations.fact_extraction.extract(job.payload["interaction_id"])}

    return {REASON: reason, RESUME: resume, FORETELL: foretell, REFINE: refine}


async def _answer(container: Container, job: Job, report: Report) -> Mapping[str, Any]:
    """The reply to the job's question; what the turn is busy with is reported on the way."""
    message = ReasoningJob.from_payload(job.payload).message(job.id)
    receipt = await run_sync(container.agent().turns.store.accept, message)
    watching = asyncio.create_task(_report(container, receipt.turn_id, report))
    try:
        reply = await _taken_over(container, receipt)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await container.leave()
    if reply is None:
        raise StillBusy
    return reply.to_json()


async def _taken_over(container: Container, receipt: Receipt) -> Reply | None:
    """The turn's reply, whichever process runs it; None while another is still at it after all looks."""
    for _ in range(LOOKS):
        await container.agent().turns.drain(receipt.thread_id)
        reply = await container.agent().turns.reply(receipt.turn_id, timeout_seconds=LOOK_SECONDS)
        if reply is not None:
            return reply
    return None


async def _report(container: Container, turn_id: str, report: Report) -> None:
    async for event in container.agent().turns.events(turn_id):
        if event.kind == "tool_started":
            await run_sync(report, {"doing": event.payload["label"]})
