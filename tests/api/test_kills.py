"""Kill the API and the process of a job in a running service while customers buy by chat and by job."""

import pytest

from evals.faults.clients import chat, job
from evals.faults.invariants import Outcome
from evals.faults.service import WORKER_JOB
from evals.faults.service_kills import SETTINGS, kill_service_processes
from evals.faults.shop import temporary_shop

pytestmark = [pytest.mark.slow, pytest.mark.kills]


@pytest.mark.timeout(300)
def test_customers_of_a_killed_service_get_everything_once() -> None:
    outcome = Outcome()

    with temporary_shop(**SETTINGS) as environment:
        kill_service_processes(
            environment, outcome, seed=1, kills={"api": 1, WORKER_JOB: 1}, tasks=(chat, job)
        )

    assert outcome.findings == []
    assert outcome.kills["api"] == 1
