"""Probes and metrics for monitoring."""

from fastapi import Response

from api.deps import ClockDep, JobsDep, NoticesDep, OutboxDep, ReadinessDep
from api.envelope import Envelope, Failure, failed
from api.errors import STATUS, refusals
from api.readiness import PartState
from api.routing import api_router
from api.schemas.health import Liveness, PartOut, Readiness
from foundation import metrics

router = api_router(tag="health", responses=refusals("INVALID_INPUT"))


@router.get("/health")
async def get_health() -> Envelope[Liveness]:
    """Get whether the process answers."""
    return Envelope(data=Liveness())


@router.get("/healthz", response_model=Envelope[Readiness], responses=refusals("UNAVAILABLE"))
def get_readiness(readiness: ReadinessDep) -> Envelope[Readiness] | Response:
    """Get the state of every part that a customer needs. With a part down the response is 503."""
    parts = readiness.examine()
    shown = {name: PartOut.of(part) for name, part in parts.items()}
    down = [name for name, part in parts.items() if part.state is PartState.DOWN]
    if down:
        details = {"parts": {name: part.model_dump(mode="json") for name, part in shown.items()}}
        failure = Failure(error=f"Not ready: {', '.join(down)}.", code="UNAVAILABLE", details=details)
        return failed(STATUS["UNAVAILABLE"], failure)
    worst = max((part.state for part in parts.values()), key=list(PartState).index)
    return Envelope(data=Readiness(status=worst, parts=shown))


@router.get("/metrics", include_in_schema=False)
def measurements(outbox: OutboxDep, now: ClockDep, notices: NoticesDep, jobs: JobsDep) -> Response:
    """Metrics in the format of Prometheus."""
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
