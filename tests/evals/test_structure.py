from argparse import Namespace

from evals.structure.measure import ROOT
from evals.structure.source import PACKAGES
from evals.suites import structure


def test_source_is_measured_without_starting_a_process() -> None:
    report = structure.run(Namespace(source_only=True, tests=False))

    assert report.figures["modules"] == sum(len(list((ROOT / name).rglob("*.py"))) for name in PACKAGES)
    assert set(structure.GOALS) <= set(report.figures)
