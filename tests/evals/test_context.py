from argparse import Namespace

import pytest

from evals.suites import context

pytestmark = pytest.mark.slow


def test_every_context_is_whole_and_its_customers_own() -> None:
    report = context.run(Namespace(interactions=1_500, customers=30, asked=5))

    assert report.figures["contexts with parts missing"] == 0
    assert report.figures["turns of another customer"] == 0
    assert report.holds("turn tokens most")
    assert (
        0
        < (report.figures["brief context CPU ms p50"] or 0)
        < (report.figures["first context CPU ms p50"] or 0)
    )
