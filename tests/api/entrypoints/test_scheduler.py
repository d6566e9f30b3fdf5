from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.entrypoints.scheduler import ScheduledJob, Scheduler, every, nightly
from foundation.sql import Ledger
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def job(done: list[str]) -> ScheduledJob:
    def do() -> int:
        done.append("swept")
        return 1

    return ScheduledJob("sweep", every(MINUTE), do)


def test_job_is_done_again_when_its_time_has_come(
    ledger: Ledger, clock: FakeClock, job: ScheduledJob, done: list[str]
) -> None:
    scheduler = Scheduler(ledger, [job], now=clock)
    scheduler.sweep()

    counts = []
    for _ in range(6):
        clock.advance(timedelta(seconds=30))
        scheduler.sweep()
        counts.append(len(done))

    assert counts == [0, 1, 1, 2, 2, 3]


def test_two_schedulers_run_a_job_once(
    ledger: Ledger, clock: FakeClock, job: ScheduledJob, done: list[str]
) -> None:
    schedulers = [Scheduler(ledger, [job], now=clock) for _ in range(2)]
    schedulers[0].sweep()
    clock.advance(MINUTE)

    found = [scheduler.sweep() for scheduler in schedulers]

    assert found == [{"sweep": 1}, {}]
    assert done == ["swept"]


def test_job_that_fails_does_not_keep_the_next_from_being_done(
    ledger: Ledger, clock: FakeClock, job: ScheduledJob, done: list[str]
) -> None:
    def fail() -> int:
        raise RuntimeError

    scheduler = Scheduler(ledger, [ScheduledJob("broken", every(MINUTE), fail), job], now=clock)
    scheduler.sweep()
    clock.advance(MINUTE)

    found = scheduler.sweep()

    assert found == {"sweep": 1}
    assert done == ["swept"]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        (datetime(2026, 3, 2, 9, 30, tzinfo=UTC), datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        (datetime(2026, 7, 2, 9, 0, tzinfo=UTC), datetime(2026, 7, 2, 8, 30, tzinfo=UTC)),
    ],
)
def test_night_falls_at_the_hour_of_the_shop(now: datetime, due: datetime) -> None:
    assert nightly(time(3, 30), ZoneInfo("America/Chicago"))(now) == due
