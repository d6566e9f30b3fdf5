"""Forecasts of who buys again, when, for how much and what, on real shops and on a generated one."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from evals.benchmarks.predictions.evaluation import RESAMPLES, evaluate
from evals.benchmarks.predictions.recommendations import evaluate_recommendations
from evals.benchmarks.predictions.scale import measure
from evals.benchmarks.predictions.splits import LINES, VISITS, Split, baskets, visits
from evals.benchmarks.predictions.synthetic import evaluate_generated
from evals.report import Figure, Goal, Report

SEED, CUSTOMERS = 17, 20_000
GOALS: dict[str, Goal] = {
    "AUC wins": (">=", 0.05),
    "Brier wins": (">=", 0.95),
    "ECE wins": (">=", 0.95),
    "interval off 80 %": ("<=", 0.02),
    "again wins": (">=", 0.5),
    "new wins": (">=", 0.5),
}
GENERATED: dict[str, Goal] = {"interval off 80 %": ("<=", 0.02)}
SCALE: dict[str, Goal] = {"CPU s": ("<=", 30.0), "GiB": ("<=", 2.0), "one customer ms p50": ("<=", 2.0)}
NOTES = (
    f"Wins are shares of {RESAMPLES} resamples of the customers in which ours is at least as good as the "
    "best of the others: 0.05 and more is no worse, 0.95 and more is better.",
    "Every model was fitted on purchases before the first day to forecast.",
    "Of recommendations: again counts all purchases, new only products that the customer never had.",
    "The generated shop follows assumptions near the model's own: it checks the implementation, not the "
    "accuracy in a real shop.",
    "Without --data no real shop is measured. CPU and memory are those of the scale part.",
)
T = TypeVar("T")


def add_options(parser: ArgumentParser) -> None:
    for option, what in (("--visits", "purchases"), ("--lines", "products bought")):
        parser.add_argument(
            option,
            nargs=3,
            action="append",
            metavar=("FILE", "DAY", "DAYS"),
            help=f"{what}, the first day to forecast and the number of days; may be repeated",
        )
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="customers of the generated shop")


def run(options: Namespace) -> Report:
    seen, bought = _asked(options)
    folder = options.data or Path()
    absent = sorted({file for file, *_ in (*seen, *bought) if not (folder / file).exists()})
    figures: dict[str, Figure] = {}
    goals: dict[str, Goal] = {}
    others: dict[str, dict[str, Figure]] = {}
    real = [visits(folder, split) for split in seen if split[0] not in absent]
    shelved = [baskets(folder, split) for split in bought if split[0] not in absent]
    evaluations = [(each.name, evaluate(each)) for each in real]
    evaluations += [(each.name, evaluate_recommendations(each)) for each in shelved]
    for name, found in evaluations:
        figures |= _named(name, found.ours)
        goals |= _named(name, {each: goal for each, goal in GOALS.items() if each in found.ours})
        for peer, theirs in found.peers.items():
            others.setdefault(peer, {}).update(_named(name, theirs))
    figures |= _named("generated", evaluate_generated(SEED, customers=min(options.customers, CUSTOMERS)))
    figures |= _named("scale", measure(SEED, customers=options.customers))
    return Report(
        suite="predictions",
        figures=figures,
        goals={**goals, **_named("generated", GENERATED), **_named("scale", SCALE)},
        peers=others,
        notes=[*NOTES, *(f"Not measured, file missing: {file}." for file in absent)],
    )


def _asked(options: Namespace) -> tuple[Sequence[Split], Sequence[Split]]:
    """The splits given, or the default ones if a folder is given."""
    if options.visits or options.lines:
        return options.visits or (), options.lines or ()
    return (VISITS, LINES) if options.data else ((), ())


def _named(name: str, figures: Mapping[str, T]) -> dict[str, T]:
    return {f"{name}: {each}": figure for each, figure in figures.items()}
