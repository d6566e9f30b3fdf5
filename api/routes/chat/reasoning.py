"""Questions that may take their time: the same assistant in a worker, asked after until it has answered."""

from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, ConfigDict

from agent.turns.models import Reply
from api.authorization import Visitor
from api.deps import ClockDep, IdempotencyKey, JobsDep, TurnsDep
from api.envelope import Envelope
from api.errors import refusals
from api.jobs import JOBS_KEPT, REASON, ReasoningJob
from api.middleware.idempotency import KEY_HEADER
from api.routes.chat.chat import Text
from api.routing import api_router
from api.schemas.base import Id
from foundation.errors import NotFound
from foundation.masking import mask
from foundation.queue import Job, NotQueued, Status

router = api_router(
    prefix="/api/reasoning",
    tag="reasoning",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "NOT_FOUND", "RATE_LIMITED", "UNAVAILABLE"),
)


class Question(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"prompt": "Compare your sleep tinctures"}}
    )

    prompt: Text
    thread_id: Id | None = None
    """The conversation it belongs to; left out, it stands alone."""


class JobState(BaseModel):
    id: str
    status: Status
    progress: str | None
    """What it is doing, in words."""
    result: Reply | None
    """As the chat gives it."""
    error: str | None
    """Why it failed, in words."""


class NoSuchJob(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such job; a result is kept for 24 hours.")


@router.post("/jobs", status_code=202, responses=refusals("CONFLICT"))
def create_job(
    question: Question,
    principal: Visitor,
    turns: TurnsDep,
    jobs: JobsDep,
    key: Annotated[IdempotencyKey | None, Header(alias=KEY_HEADER)] = None,
) -> Envelope[JobState]:
    """Put the question in the queue. With the same `Idempotency-Key` it is asked once."""
    if question.thread_id is not None:
        turns.store.thread(question.thread_id, principal.id, limit=1)
    asked = ReasoningJob(principal, mask(question.prompt).text, question.thread_id)
    name = f"{principal.id}:{key}" if key else None
    try:
        job = jobs.submit(REASON, asked.to_payload(), idempotency_key=name)
    except NotQueued as waiting:
        job = waiting.job
    return Envelope(data=_state(job))


@router.get("/jobs/{job_id}")
def get_job(job_id: Id, principal: Visitor, jobs: JobsDep, now: ClockDep) -> Envelope[JobState]:
    """How far the question has come, and the reply for 24 hours."""
    found = jobs.find(job_id)
    if found is None or found.kind != REASON or found.payload["principal_id"] != principal.id:
        raise NoSuchJob
    if found.finished_at is not None and found.finished_at < now() - JOBS_KEPT:
        raise NoSuchJob
    return Envelope(data=_state(found))


def _state(job: Job) -> JobState:
    return JobState(
        id=job.id,
        status=job.status,
        progress=job.progress["doing"] if job.progress else None,
        result=Reply.from_json(job.result) if job.result else None,
        error=job.error if job.status is Status.FAILED else None,
    )
