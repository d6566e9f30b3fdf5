"""The API and a work-horse killed in a house that really runs, while customers buy in words and by jobs."""

import pytest

from evals.faults.clients import chat, job
from evals.faults.invariants import Outcome
from evals.faults.service import WORK_HORSE
from evals.faults.service_kills import SETTINGS, strike
from evals.faults.shop import open_shop

pytestmark = [pytest.mark.slow, pytest.mark.kills]


@pytest.mark.timeout(300)
def test_customers_of_a_killed_service_get_everything_once() -> None:
    outcome = Outcome()

    with open_shop(**SETTINGS) as place:
        strike(place, outcome, seed=1, strikes={"api": 1, WORK_HORSE: 1}, lanes=(chat, job))

    assert outcome.findings == []
    assert outcome.kills["api"] == 1
