"""Questions that may take their time: a worker answers them, and the client asks for the result."""

from typing import Annotated

from fastapi import Header

from api.authorization import Visitor
from api.deps import ClockDep, IdempotencyKey, JobsDep, TurnsDep
from api.envelope import Envelope
from api.errors import refusals
from api.jobs import JOBS_KEPT, REASON, ReasoningJob
from api.middleware.idempotency import KEY_HEADER
from api.routing import api_router
from api.schemas.chat import JobIn, JobOut
from api.schemas.ids import JobPath
from foundation.errors import NotFound
from foundation.masking import mask
from foundation.queue import NotQueued

router = api_router(
    prefix="/api/reasoning",
    tag="reasoning",
    responses=refusals(
        "INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED", "UNAVAILABLE"
    ),
)
JobKey = Annotated[
    IdempotencyKey | None,
    Header(
        alias=KEY_HEADER,
        description="Names this question: sent again with the same key, it is asked once.",
        examples=["question-2026-03-01-17"],
    ),
]


class NoSuchJob(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such job; a result is kept for 24 hours.")


@router.post("/jobs", status_code=202, responses=refusals("CONFLICT"))
def create_job(
    question: JobIn, principal: Visitor, turns: TurnsDep, jobs: JobsDep, key: JobKey = None
) -> Envelope[JobOut]:
    """Queue a question for a worker."""
    if question.thread_id is not None:
        turns.store.thread(question.thread_id, principal.id, limit=1)
    asked = ReasoningJob(principal, mask(question.prompt).text, question.thread_id)
    name = f"{principal.id}:{key}" if key else None
    try:
        job = jobs.submit(REASON, asked.to_payload(), idempotency_key=name)
    except NotQueued as waiting:
        job = waiting.job
    return Envelope(data=JobOut.of(job))


@router.get("/jobs/{job_id}")
def get_job(job_id: JobPath, principal: Visitor, jobs: JobsDep, now: ClockDep) -> Envelope[JobOut]:
    """Get the state of a question, and its reply for 24 hours."""
    found = jobs.find(job_id)
    if found is None or found.kind != REASON or found.payload["principal_id"] != principal.id:
        raise NoSuchJob
    if found.finished_at is not None and found.finished_at < now() - JOBS_KEPT:
        raise NoSuchJob
    return Envelope(data=JobOut.of(found))
