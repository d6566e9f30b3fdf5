"""What the worker does with a job: answer a long question, or finish turns that were cut off."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from anyio.to_thread import run_sync

from agent.turns.models import Receipt, Reply
from api.containers import House, build, load_brain
from api.jobs import FORETELL, REASON, REFINE, RESUME, ReasoningJob
from foundation.errors import GatewayTimeout
from foundation.queue import Bench, Handler, Job, OpenBench, Report
from foundation.settings import Settings

LOOKS, LOOK_SECONDS = 90, 1.0
"""For a turn that another process holds, or held until it was killed: then it is taken over, since
what would resume it waits in the queue behind this very job."""


class StillBusy(GatewayTimeout):
    def __init__(self) -> None:
        super().__init__("This conversation is still busy with an earlier message.")


def load(settings: Settings) -> OpenBench:
    """Load code and models; the house is opened in the work-horse, after the fork."""
    brain = load_brain(settings)
    if settings.models.is_refining:
        _ = brain.meaning

    @contextmanager
    def open_bench() -> Iterator[Bench]:
        house = build(settings, brain=brain)
        try:
            yield Bench(house.jobs, handlers(house))
        finally:
            house.close()

    return open_bench


def handlers(house: House) -> Mapping[str, Handler]:
    def reason(job: Job, report: Report) -> Mapping[str, Any]:
        return asyncio.run(_answer(house, job, report))

    def resume(job: Job, _: Report) -> None:
        asyncio.run(finish_turns(house, [job.payload["thread_id"]]))

    def foretell(_: Job, report: Report) -> Mapping[str, Any]:
        done: Counter[str] = Counter()

        def progress(part: str, more: int) -> None:
            done[part] += more
            report(dict(done))

        version = house.nightly_predictions.run(progress=progress)
        house.suggestions.run(progress=progress)
        return {"model": version, **done}

    def refine(job: Job, _: Report) -> Mapping[str, Any]:
        return {"facts": house.fact_extraction.extract(job.payload["interaction_id"])}

    return {REASON: reason, RESUME: resume, FORETELL: foretell, REFINE: refine}


async def finish_turns(house: House, thread_ids: Sequence[str]) -> None:
    """Run whatever waits in these threads, unless another process is at it; the house is left after that."""
    try:
        for thread_id in thread_ids:
            await house.turns.drain(thread_id)
    finally:
        await house.leave()


async def _answer(house: House, job: Job, report: Report) -> Mapping[str, Any]:
    """The reply to the job's question; what the turn is busy with is reported on the way."""
    message = ReasoningJob.from_payload(job.payload).message(job.id)
    receipt = await run_sync(house.turns.store.accept, message)
    watching = asyncio.create_task(_report(house, receipt.turn_id, report))
    try:
        reply = await _taken_over(house, receipt)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await house.leave()
    if reply is None:
        raise StillBusy
    return reply.to_json()


async def _taken_over(house: House, receipt: Receipt) -> Reply | None:
    """The turn's reply, whichever process runs it; None while another is still at it after all looks."""
    for _ in range(LOOKS):
        await house.turns.drain(receipt.thread_id)
        reply = await house.turns.reply(receipt.turn_id, timeout_seconds=LOOK_SECONDS)
        if reply is not None:
            return reply
    return None


async def _report(house: House, turn_id: str, report: Report) -> None:
    async for event in house.turns.events(turn_id):
        if event.kind == "tool_started":
            await run_sync(report, {"doing": event.payload["label"]})
