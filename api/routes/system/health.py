"""Probes and measurements, for whoever watches over the process."""

from fastapi import Response

from api.deps import ClockDep, JobsDep, NoticesDep, OutboxDep, ReadinessDep
from api.envelope import Envelope, Failure, failed
from api.errors import STATUS
from api.readiness import PartState
from api.routing import api_router
from api.schemas.base import Schema
from foundation import metrics

router = api_router(tag="health")


class Alive(Schema):
    status: str = "alive"


class Readiness(Schema):
    status: PartState
    parts: dict[str, dict[str, str]]


@router.get("/health")
async def get_health() -> Envelope[Alive]:
    """The process answers."""
    return Envelope(data=Alive())


@router.get("/healthz", response_model=Envelope[Readiness], responses={503: {"model": Failure}})
def get_readiness(readiness: ReadinessDep) -> Envelope[Readiness] | Response:
    """Whether every part that a customer needs is there, each part by name."""
    parts = readiness.examine()
    shown = {name: {"status": part.state, "says": part.says} for name, part in parts.items()}
    down = [name for name, part in parts.items() if part.state is PartState.DOWN]
    if down:
        error = f"Not ready: {', '.join(down)}."
        return failed(
            STATUS["UNAVAILABLE"], Failure(error=error, code="UNAVAILABLE", details={"parts": shown})
        )
    worst = max((part.state for part in parts.values()), key=list(PartState).index)
    return Envelope(data=Readiness(status=worst, parts=shown))


@router.get("/metrics", include_in_schema=False)
def measurements(outbox: OutboxDep, now: ClockDep, notices: NoticesDep, jobs: JobsDep) -> Response:
    """What Prometheus scrapes."""
    for lag in outbox.lag():
        age = (now() - lag.oldest_at).total_seconds() if lag.oldest_at else 0
        metrics.outbox_waiting.labels(lag.subscriber).set(lag.waiting)
        metrics.outbox_lag_seconds.labels(lag.subscriber).set(age)
        metrics.outbox_dead_letters.labels(lag.subscriber).set(lag.dead_letters)
    tally = notices.tally()
    for status, count in tally.counts.items():
        metrics.notices.labels(status).set(count)
    metrics.notices_waiting_seconds.set(tally.waiting_for(now()).total_seconds())
    metrics.jobs.clear()
    for (kind, job_status), count in jobs.tally().items():
        metrics.jobs.labels(kind, job_status).set(count)
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)
