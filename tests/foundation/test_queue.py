import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from foundation.cache import open_cache
from foundation.clock import system_clock
from foundation.errors import Invalid, Unavailable
from foundation.idempotency import KeyUsedOtherwise
from foundation.queue import ATTEMPTS, Job, Jobs, NotQueued, Status
from foundation.settings import CacheSettings
from foundation.sql import Ledger
from tests.fakes import FakeClock

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture
def jobs(ledger: Ledger, cache: redis.Redis) -> Jobs:
    return Jobs(ledger, cache, now=system_clock)


class TestSubmit:
    def test_job_is_in_the_ledger_and_in_the_queue(self, jobs: Jobs, cache: redis.Redis) -> None:
        job = jobs.submit("add", {"a": 1})

        assert jobs.find(job.id) == job
        assert (job.status, job.attempts) == (Status.QUEUED, 0)
        assert cache.lrange("rq:queue:jobs", 0, -1) == [job.id.encode()]

    def test_same_key_gives_the_same_job(self, jobs: Jobs, cache: redis.Redis) -> None:
        first = jobs.submit("add", {"a": 1}, idempotency_key="k1")
        second = jobs.submit("add", {"a": 1}, idempotency_key="k1")

        assert second.id == first.id
        assert cache.llen("rq:queue:jobs") == 1

    def test_same_key_for_something_else_is_refused(self, jobs: Jobs) -> None:
        jobs.submit("add", {"a": 1}, idempotency_key="k1")

        with pytest.raises(KeyUsedOtherwise):
            jobs.submit("add", {"a": 2}, idempotency_key="k1")

    def test_job_outlives_a_queue_that_is_away(
        self, ledger: Ledger, cache: redis.Redis, tmp_path: Path
    ) -> None:
        clock = FakeClock()
        with open_cache(CacheSettings(REDIS_URL=f"unix://{tmp_path}/none.sock")) as nobody:
            apart = Jobs(ledger, nobody, now=clock)
            with pytest.raises(NotQueued) as refusal:
                apart.submit("add", {})
        clock.advance(timedelta(seconds=31))

        requeued = Jobs(ledger, cache, now=clock).requeue_lost()

        assert requeued == 1
        assert cache.lrange("rq:queue:jobs", 0, -1) == [refusal.value.job.id.encode()]


class TestRequeueLost:
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(system_clock())

    @pytest.fixture
    def jobs(self, ledger: Ledger, cache: redis.Redis, clock: FakeClock) -> Jobs:
        return Jobs(ledger, cache, now=clock)

    def test_emptied_queue_is_filled_again(self, jobs: Jobs, cache: redis.Redis, clock: FakeClock) -> None:
        job = jobs.submit("add", {})
        cache.flushall()
        clock.advance(timedelta(seconds=31))

        requeued = jobs.requeue_lost()

        assert requeued == 1
        assert cache.lrange("rq:queue:jobs", 0, -1) == [job.id.encode()]

    def test_job_that_waits_in_the_queue_stays_there(
        self, jobs: Jobs, cache: redis.Redis, clock: FakeClock
    ) -> None:
        jobs.submit("add", {})
        clock.advance(timedelta(hours=1))

        assert jobs.requeue_lost() == 0
        assert cache.llen("rq:queue:jobs") == 1

    def test_young_job_is_left_alone(self, jobs: Jobs, cache: redis.Redis, clock: FakeClock) -> None:
        jobs.submit("add", {})
        cache.flushall()
        clock.advance(timedelta(seconds=29))

        assert jobs.requeue_lost() == 0

    def test_job_that_was_taken_and_dropped_is_queued_again(
        self, jobs: Jobs, cache: redis.Redis, clock: FakeClock
    ) -> None:
        jobs.submit("add", {})
        cache.lmove("rq:queue:jobs", "rq:queue:jobs:intermediate", "RIGHT", "LEFT")
        clock.advance(timedelta(seconds=31))

        assert jobs.requeue_lost() == 1

    def test_job_cut_off_too_often_has_failed(self, jobs: Jobs, cache: redis.Redis, clock: FakeClock) -> None:
        job = jobs.submit("add", {})
        for _ in range(ATTEMPTS):
            jobs.start(job.id)
        cache.flushall()
        clock.advance(timedelta(seconds=31))

        requeued = jobs.requeue_lost()

        found = jobs.find(job.id)
        assert found is not None
        assert (requeued, found.status) == (0, Status.FAILED)
        assert "given up" in (found.error or "")

    def test_ended_job_is_forgotten_after_its_time(self, jobs: Jobs, clock: FakeClock) -> None:
        ended, waiting = jobs.submit("add", {}), jobs.submit("add", {})
        jobs.start(ended.id)
        jobs.finish(ended.id, {"sum": 3})
        clock.advance(timedelta(hours=25))

        pruned = jobs.prune(keep=timedelta(hours=24))

        assert (pruned, jobs.find(ended.id)) == (1, None)
        assert jobs.find(waiting.id) is not None


class TestAttempts:
    def test_jobs_are_counted_by_kind_and_status(self, jobs: Jobs) -> None:
        first, *_ = [jobs.submit("reason", {"n": n}) for n in range(3)]
        jobs.start(first.id)
        jobs.finish(first.id, None)

        assert jobs.tally() == {("reason", Status.FINISHED): 1, ("reason", Status.QUEUED): 2}

    def test_ended_job_does_not_start_again(self, jobs: Jobs) -> None:
        job = jobs.submit("add", {})
        jobs.start(job.id)
        jobs.finish(job.id, {"sum": 3})

        assert jobs.start(job.id) is None
        found = jobs.find(job.id)
        assert found is not None
        assert (found.status, found.result, found.attempts) == (Status.FINISHED, {"sum": 3}, 1)

    @pytest.mark.parametrize(
        ("error", "status", "words"),
        [
            (Invalid("That cannot be done."), Status.FAILED, "That cannot be done."),
            (Unavailable("Try again."), Status.QUEUED, "Try again."),
            (KeyError("secret"), Status.QUEUED, "KeyError"),
        ],
    )
    def test_only_what_may_pass_is_tried_again(
        self, jobs: Jobs, error: Exception, status: Status, words: str
    ) -> None:
        job = jobs.start(jobs.submit("add", {}).id)
        assert job is not None

        jobs.fail(job, error)

        found = jobs.find(job.id)
        assert found is not None
        assert (found.status, found.error) == (status, words)


class StillRunning(Exception):
    """A job that has not come where the test waits for it."""


OFTEN = Retry(ConstantBackoff(0.05), retries=1200, supported_errors=(StillRunning,))


class Workers:
    def __init__(self, jobs: Jobs, command: list[str]) -> None:
        self.jobs = jobs
        self._command = command
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        self._started.append(subprocess.Popen(self._command, cwd=ROOT, start_new_session=True))  # noqa: S603 - ours
        return self._started[-1]

    def kill(self, worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The worker alone; what is left of its forks soon after."""
        forks = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
        worker.wait()
        _, left = psutil.wait_procs(forks, timeout=20)
        return list(left)

    def stop(self) -> None:
        for worker in self._started:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGTERM)
                worker.wait(timeout=20)

    def await_job(self, job_id: str, is_there: Callable[[Job], bool]) -> Job:
        def look() -> Job:
            job = self.jobs.find(job_id)
            if job is None or not is_there(job):
                raise StillRunning
            return job

        return OFTEN.call_with_retry(look, lambda _: None)

    def await_end(self, job_id: str) -> Job:
        return self.await_job(job_id, lambda job: job.finished_at is not None)


@pytest.fixture
def workers(jobs: Jobs, database_url: str, cache_url: str, tmp_path: Path) -> Iterator[Workers]:
    command = [sys.executable, "-m", "tests.foundation.queue_worker", database_url, cache_url, str(tmp_path)]
    workers = Workers(jobs, command)
    yield workers
    workers.stop()


@pytest.mark.kills
class TestWorker:
    def test_jobs_run_in_forks_of_a_parent_without_a_ledger(self, jobs: Jobs, workers: Workers) -> None:
        worker = workers.start()

        added = workers.await_end(jobs.submit("add", {"a": 1, "b": 2}).id)
        held = workers.await_end(jobs.submit("parents_connections", {}).id)

        assert added.result is not None
        assert (added.status, added.progress, added.result["sum"]) == (
            Status.FINISHED,
            {"step": "adding"},
            3,
        )
        assert added.result["pid"] != worker.pid
        assert held.result == {"paths": []}

    def test_failure_that_passes_is_tried_again(self, jobs: Jobs, workers: Workers) -> None:
        workers.start()

        job = workers.await_end(jobs.submit("fail_until", {"attempt": 3}).id)

        assert (job.status, job.result, job.error) == (Status.FINISHED, {"attempts": 3}, None)

    def test_failure_that_stays_ends_after_four_attempts(self, jobs: Jobs, workers: Workers) -> None:
        workers.start()

        job = workers.await_end(jobs.submit("fail_until", {"attempt": 9}).id)

        assert job.started_at is not None
        assert (job.status, job.attempts, job.error) == (Status.FAILED, 4, "ConnectionError")
        assert job.started_at - job.created_at >= timedelta(seconds=7)

    def test_refusal_is_final(self, jobs: Jobs, workers: Workers) -> None:
        workers.start()

        job = workers.await_end(jobs.submit("refuse", {}).id)

        assert (job.status, job.attempts, job.error) == (Status.FAILED, 1, "That cannot be done.")

    def test_killed_worker_process_is_replaced(self, jobs: Jobs, workers: Workers) -> None:
        workers.start()

        job = workers.await_end(jobs.submit("die_once", {}).id)

        assert job.result == {"attempts": 2}

    def test_job_of_a_killed_worker_is_taken_up_by_the_next(self, jobs: Jobs, workers: Workers) -> None:
        job = jobs.submit("hang_once", {})
        worker = workers.start()
        workers.await_job(job.id, lambda job: job.progress is not None)
        left = workers.kill(worker)
        workers.start()

        requeued = jobs.requeue_lost(older_than=timedelta(0))

        assert (left, requeued) == ([], 1)
        assert workers.await_end(job.id).result == {"attempts": 2}

    def test_job_that_is_worked_on_is_not_lost(
        self, ledger: Ledger, cache: redis.Redis, jobs: Jobs, workers: Workers, tmp_path: Path
    ) -> None:
        job = jobs.submit("hang_once", {})
        workers.start()
        workers.await_job(job.id, lambda job: job.progress is not None)
        later = Jobs(ledger, cache, now=lambda: system_clock() + timedelta(seconds=60))

        requeued = later.requeue_lost()

        (tmp_path / "go").touch()
        assert requeued == 0
        assert workers.await_end(job.id).result == {"attempts": 1}
