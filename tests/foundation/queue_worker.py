"""A worker for tests of the queue: `python -m tests.foundation.queue_worker DATABASE_URL REDIS_URL FOLDER`.

What a handler waits for is a file in FOLDER.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from foundation.cache import open_cache
from foundation.clock import system_clock
from foundation.errors import Invalid
from foundation.queue import Job, Jobs, OpenWorkerContext, Report, WorkerContext, run_worker
from foundation.settings import CacheSettings, LedgerSettings
from foundation.sql import open_ledger


class NotYet(Exception):
    """The file that a handler waits for is not there."""


def _await_file(path: Path) -> None:
    def look() -> None:
        if not path.exists():
            raise NotYet

    Retry(ConstantBackoff(0.05), retries=1200, supported_errors=(NotYet,)).call_with_retry(
        look, lambda _: None
    )


class Handlers:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, job: Job, report: Report) -> Mapping[str, Any]:
        report({"step": "adding"})
        return {"sum": job.payload["a"] + job.payload["b"], "pid": os.getpid()}

    def fail_until(self, job: Job, _report: Report) -> Mapping[str, Any]:
        if job.attempts < job.payload["attempt"]:
            raise ConnectionError("not yet")
        return {"attempts": job.attempts}

    def refuse(self, _job: Job, _report: Report) -> None:
        raise Invalid("That cannot be done.")

    def die_once(self, job: Job, _report: Report) -> Mapping[str, Any]:
        if job.attempts == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"attempts": job.attempts}

    def hang_once(self, job: Job, report: Report) -> Mapping[str, Any]:
        if job.attempts == 1:
            report({"horse": os.getpid()})
            _await_file(self._folder / "go")
        return {"attempts": job.attempts}

    def parents_connections(self, _job: Job, _report: Report) -> Mapping[str, Any]:
        """Sockets that the worker's parent holds to the folder of PostgreSQL."""
        parent = psutil.Process(os.getppid())
        return {
            "paths": [each.raddr for each in parent.net_connections("unix") if "PGSQL" in str(each.raddr)]
        }


def main(database_url: str, redis_url: str, folder: str) -> None:
    cache_settings = CacheSettings(REDIS_URL=redis_url)

    @contextmanager
    def open_context() -> Iterator[WorkerContext]:
        ledger = open_ledger(LedgerSettings.model_validate({"DATABASE_URL": database_url}))
        handlers = Handlers(Path(folder))
        with open_cache(cache_settings) as cache:
            names = ("add", "fail_until", "refuse", "die_once", "hang_once", "parents_connections")
            jobs = Jobs(ledger, cache, now=system_clock)
            yield WorkerContext(jobs, {name: getattr(handlers, name) for name in names})
        ledger.close()

    def load() -> OpenWorkerContext:
        return open_context

    run_worker(cache_settings, load=load)


if __name__ == "__main__":
    main(*sys.argv[1:])
