"""Background jobs: the row in the ledger is authoritative, RQ delivers it to a worker.

A job may run more than once (a killed worker, a lost queue), so its handler must be safe to
repeat under the same job id. Four attempts, a second, two and four apart; then it has failed.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import redis
from rq import Queue, Retry, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job as QueuedJob
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from sqlalchemy import Column, DateTime, Index, Integer, Row, Table, Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.cache import CacheAway, answering, open_cache
from foundation.clock import Clock
from foundation.errors import GatewayTimeout, RateLimited, ShopError, Unavailable
from foundation.idempotency import KeyUsedOtherwise
from foundation.ids import new_id
from foundation.log import bind, logger
from foundation.personal import in_document, personal
from foundation.settings import CacheSettings
from foundation.sql import Ledger, metadata

QUEUE = "jobs"
PAUSES_SECONDS = (1, 2, 4)
ATTEMPTS = len(PAUSES_SECONDS) + 1
HEARTBEAT_SECONDS = 10
LOST_AFTER = timedelta(seconds=30)
LONGEST_RUN = timedelta(minutes=5)
PASSING = (Unavailable, GatewayTimeout, RateLimited)
"""Refusals that may not recur; the others are final."""
PR_SET_PDEATHSIG = 1
log = logger(__name__)

JOBS = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("progress", JSONB),
    Column("result", JSONB),
    Column("error", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("idempotency_key", Text, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    info=personal(in_document("payload", "principal_id")),
)
Index("ix_jobs_unfinished", JOBS.c.updated_at, postgresql_where=JOBS.c.finished_at.is_(None))


class Status(StrEnum):
    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    id: str
    kind: str
    payload: Mapping[str, Any]
    status: Status
    progress: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    error: str | None
    attempts: int
    idempotency_key: str | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class NotQueued(CacheAway):
    """The queue does not answer; the job is in the ledger, and is queued when the queue is back."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class JobCutOff(Unavailable):
    def __init__(self) -> None:
        super().__init__("This was interrupted too often and has been given up; please try again.")


class Jobs:
    def __init__(self, ledger: Ledger, cache: redis.Redis, *, now: Clock) -> None:
        self._ledger = ledger
        self._queue = Queue(QUEUE, connection=cache, serializer=JSONSerializer)
        self._now = now

    def submit(self, kind: str, payload: Mapping[str, Any], *, idempotency_key: str | None = None) -> Job:
        """The job of that key, or a new one: first in the ledger, then in the queue.

        Raises:
            NotQueued: the queue does not answer; `requeue_lost` queues the job later.
            KeyUsedOtherwise: the key belongs to another kind or payload.
        """
        row = self._new_row(kind, payload, idempotency_key)
        with self._ledger.new_transaction() as connection:
            statement = insert(JOBS).values(row).on_conflict_do_nothing(index_elements=["idempotency_key"])
            added = connection.execute(statement.returning(JOBS)).one_or_none()
            same_key = select(JOBS).where(JOBS.c.idempotency_key == idempotency_key)
            job = _job(added or connection.execute(same_key).one())
        if added is not None:
            try:
                self._enqueue(job)
            except CacheAway as error:
                raise NotQueued(job) from error
        elif (job.kind, job.payload) != (kind, json.loads(json.dumps(payload))):
            raise KeyUsedOtherwise
        return job

    def find(self, job_id: str) -> Job | None:
        with self._ledger.transaction() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none()
        return _job(row) if row else None

    def start(self, job_id: str) -> Job | None:
        """Count an attempt; None when the job has ended or is unknown."""
        now = self._now()
        values = {"status": Status.STARTED, "attempts": JOBS.c.attempts + 1, "started_at": now}
        return self._change(job_id, values)

    def progress(self, job_id: str, progress: Mapping[str, Any]) -> None:
        self._change(job_id, {"progress": progress})

    def finish(self, job_id: str, result: Mapping[str, Any] | None) -> None:
        values = {"status": Status.FINISHED, "result": result, "error": None, "finished_at": self._now()}
        self._change(job_id, values)

    def fail(self, job: Job, error: Exception) -> bool:
        """Whether that is the end of it; otherwise the job waits for its next attempt."""
        is_final = job.attempts >= ATTEMPTS or (
            isinstance(error, ShopError) and not isinstance(error, PASSING)
        )
        text = str(error) if isinstance(error, ShopError) else type(error).__name__
        values: dict[str, Any] = {"status": Status.QUEUED, "error": text}
        if is_final:
            values |= {"status": Status.FAILED, "finished_at": self._now()}
        self._change(job.id, values)
        return is_final

    def requeue_lost(self, *, older_than: timedelta = LOST_AFTER) -> int:
        """Queue jobs again that are neither queued nor running; how many.

        Raises:
            CacheAway: the queue does not answer.
        """
        silent = JOBS.c.finished_at.is_(None) & (JOBS.c.updated_at <= self._now() - older_than)
        with self._ledger.transaction() as connection:
            jobs = [_job(row) for row in connection.execute(select(JOBS).where(silent))]
        return sum(self._requeue(job) for job in jobs if not self._is_alive(job, older_than))

    def tally(self) -> dict[tuple[str, Status], int]:
        """How many jobs of each kind and status the ledger holds."""
        counted = select(JOBS.c.kind, JOBS.c.status, func.count().label("jobs"))
        with self._ledger.autocommit() as connection:
            rows = connection.execute(counted.group_by(JOBS.c.kind, JOBS.c.status)).all()
        return {(row.kind, Status(row.status)): row.jobs for row in rows}

    def prune(self, *, keep: timedelta) -> int:
        """Delete the jobs that ended longer ago; how many."""
        with self._ledger.transaction() as connection:
            ended = delete(JOBS).where(JOBS.c.finished_at < self._now() - keep)
            return connection.execute(ended).rowcount

    def _new_row(self, kind: str, payload: Mapping[str, Any], idempotency_key: str | None) -> dict[str, Any]:
        now = self._now()
        return {
            "id": new_id("job"),
            "kind": kind,
            "payload": payload,
            "status": Status.QUEUED,
            "idempotency_key": idempotency_key,
            "created_at": now,
            "updated_at": now,
        }

    def _change(self, job_id: str, values: Mapping[str, Any]) -> Job | None:
        """Committed immediately, so that other processes see it; an ended job stays as it is."""
        statement = (
            update(JOBS)
            .where(JOBS.c.id == job_id, JOBS.c.finished_at.is_(None))
            .values(**values, updated_at=self._now())
            .returning(JOBS)
        )
        with self._ledger.new_transaction() as connection:
            row = connection.execute(statement).one_or_none()
        return _job(row) if row else None

    def _enqueue(self, job: Job) -> None:
        pauses = PAUSES_SECONDS[job.attempts :]
        with answering():
            self._queue.enqueue_call(
                perform,
                args=(job.id,),
                job_id=job.id,
                timeout=int(LONGEST_RUN.total_seconds()),
                retry=Retry(max=len(pauses), interval=list(pauses)) if pauses else None,
                result_ttl=0,
                failure_ttl=int(timedelta(hours=1).total_seconds()),
            )

    def _requeue(self, job: Job) -> bool:
        if job.attempts >= ATTEMPTS:
            self.fail(job, JobCutOff())
            return False
        log.warning("job_requeued", job_id=job.id, kind=job.kind, status=job.status, attempts=job.attempts)
        self._change(job.id, {"status": Status.QUEUED})
        with answering():
            queued = self._fetch(job.id)
            if queued is not None:
                queued.delete()
        self._enqueue(job)
        return True

    def _is_alive(self, job: Job, older_than: timedelta) -> bool:
        with answering():
            queued = self._fetch(job.id)
            status = queued.get_status() if queued else None
            if queued is None or status is None:
                return False
            if status is JobStatus.QUEUED:
                return self._queue.get_job_position(queued) is not None
            if status is JobStatus.STARTED:
                return _recent(queued.last_heartbeat, older_than)
            if status is JobStatus.SCHEDULED:
                return _recent(self._queue.scheduled_job_registry.get_scheduled_time(queued), older_than)
        return False

    def _fetch(self, job_id: str) -> QueuedJob | None:
        try:
            return QueuedJob.fetch(job_id, connection=self._queue.connection, serializer=JSONSerializer)
        except NoSuchJobError:
            return None


Report = Callable[[Mapping[str, Any]], None]
"""Reports the progress of a job."""
Handler = Callable[[Job, Report], Mapping[str, Any] | None]


@dataclass(frozen=True)
class WorkerContext:
    """What a worker process needs: the rows of jobs, and a handler for each kind."""

    jobs: Jobs
    handlers: Mapping[str, Handler]

    def perform(self, job_id: str) -> None:
        """Run a job once; transient errors are raised for RQ to retry."""
        job = self.jobs.start(job_id)
        if job is None:
            return
        with bind(job_id=job.id):
            try:
                result = self.handlers[job.kind](job, lambda progress: self.jobs.progress(job.id, progress))
            except Exception as error:
                log.exception("job_failed", kind=job.kind, attempts=job.attempts)
                if not self.jobs.fail(job, error):
                    raise
            else:
                self.jobs.finish(job.id, result)


OpenWorkerContext = Callable[[], AbstractContextManager[WorkerContext]]
_open_context: ContextVar[OpenWorkerContext] = ContextVar("open_context")


def perform(job_id: str) -> None:
    """Called by RQ in the worker process: connections are opened here, after the fork."""
    with _open_context.get()() as context:
        context.perform(job_id)


def run_worker(settings: CacheSettings, *, load: Callable[[], OpenWorkerContext]) -> None:
    """Work until stopped. `load` imports code and loads models, and opens no connection: forks follow."""
    _open_context.set(load())
    os.register_at_fork(after_in_child=_end_with_parent)
    with open_cache(settings) as cache:
        worker = Worker(
            [Queue(QUEUE, connection=cache, serializer=JSONSerializer)],
            connection=cache,
            serializer=JSONSerializer,
            job_monitoring_interval=HEARTBEAT_SECONDS,
            maintenance_interval=60,
        )
        worker.work(with_scheduler=True)


def _end_with_parent() -> None:
    """RQ's forks would outlive a killed worker: a job would run twice, a scheduler would never stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _job(row: Row[Any]) -> Job:
    return Job(**{**row._mapping, "status": Status(row.status)})


def _recent(moment: datetime | None, older_than: timedelta) -> bool:
    """By RQ's clock, which is the machine's."""
    return moment is not None and moment.astimezone(UTC) > datetime.now(UTC) - older_than
