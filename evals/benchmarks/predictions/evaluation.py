"""Accuracy of forecasts, and comparison with others by resampling customers (bootstrap)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.stats import rankdata

from evals.benchmarks.predictions.peers import Guess, peers
from evals.benchmarks.predictions.splits import Visits
from evals.report import Figure
from memory.predictions.model import COVERAGE, fit_model
from memory.predictions.rhythm import Floats, outcomes, rhythms

RESAMPLES = 400
BINS = 10
TOP_SHARE = 0.1

Measure = Callable[[Floats, Floats], float]
"""Of predicted and observed values."""


@dataclass(frozen=True)
class Evaluation:
    ours: Mapping[str, Figure]
    peers: Mapping[str, Mapping[str, Figure]]


def auc(predicted: Floats, observed: Floats) -> float:
    positives = int(observed.sum())
    ranks = rankdata(predicted)[observed > 0].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * (len(observed) - positives)))


def brier(predicted: Floats, observed: Floats) -> float:
    return float(((predicted - observed) ** 2).mean())


def calibration_error(predicted: Floats, observed: Floats) -> float:
    """Expected calibration error over ten equal bins."""
    bins = np.minimum((predicted * BINS).astype(int), BINS - 1)
    off = np.bincount(bins, predicted - observed, minlength=BINS)
    return float(np.abs(off).sum() / len(predicted))


def captured(predicted: Floats, spent: Floats) -> float:
    """Spend of the predicted top tenth over the spend of the actual top tenth."""
    most = max(1, round(TOP_SHARE * len(predicted)))
    named = np.argsort(-predicted, kind="stable")[:most]
    return float(spent[named].sum() / np.sort(spent)[-most:].sum())


def wins(measure: Measure, ours: Floats, theirs: Floats, observed: Floats, *, lower: bool) -> float:
    """Share of resamples in which ours is at least as good."""
    rng = np.random.default_rng(1)
    won = 0
    for _ in range(RESAMPLES):
        some = rng.integers(0, len(observed), len(observed))
        first, second = measure(ours[some], observed[some]), measure(theirs[some], observed[some])
        won += first <= second if lower else first >= second
    return won / RESAMPLES


def evaluate(visits: Visits) -> Evaluation:
    known = visits.purchases.before(visits.today)
    past = rhythms(known, today=visits.today)
    model = fit_model(known, today=visits.today, horizon=visits.days)
    if model is None:
        raise SystemExit(f"{visits.name} has too few customers before its split day.")
    seen = model.foresee(past)
    after = outcomes(visits.purchases, past, today=visits.today, days=visits.days)
    observed = (after.purchases > 0).astype(np.float64)
    others = peers(known, past, today=visits.today, horizon=visits.days)
    ours = Guess(seen.chance, seen.chance, seen.purchases, seen.middle)
    measured = partial(_figures, observed=observed, purchases=after.purchases, first=after.first)
    bought = observed > 0
    width = seen.last[bought] - seen.first[bought] + 1
    inside = (after.first >= seen.first) & (after.first <= seen.last)
    return Evaluation(
        ours={
            "customers": len(past),
            "bought again": float(observed.mean()),
            **measured(ours),
            **_against(ours, others, observed),
            "interval covers": float(inside[bought].mean()),
            "interval off 80 %": abs(float(inside[bought].mean()) - COVERAGE),
            "interval days": float(np.median(width)),
            "spend bias": float(seen.spend.sum() / after.spent.sum() - 1),
            "spend of the top tenth": captured(seen.spend, after.spent),
            "trust in the learnt chance": model.trust,
            "leaving is unknown": float(model.repeat.is_degenerate),
        },
        peers={name: measured(guess) for name, guess in others.items()},
    )


def _figures(guess: Guess, *, observed: Floats, purchases: Floats, first: Floats) -> dict[str, Figure]:
    bought = observed > 0
    counted, day, chance = guess.purchases, guess.day, guess.chance
    return {
        "AUC": auc(guess.rank, observed),
        "Brier": None if chance is None else brier(chance, observed),
        "ECE": None if chance is None else calibration_error(chance, observed),
        "count MAE": None if counted is None else float(np.abs(counted - purchases).mean()),
        "count bias": None if counted is None else float(counted.sum() / purchases.sum() - 1),
        "day MAE": None if day is None else float(np.abs(day - first)[bought].mean()),
    }


def _against(ours: Guess, others: Mapping[str, Guess], observed: Floats) -> dict[str, Figure]:
    """The smallest share of wins over the others."""
    chances = [each.chance for each in others.values() if each.chance is not None]
    mine = ours.rank
    return {
        "AUC wins": min(wins(auc, mine, each.rank, observed, lower=False) for each in others.values()),
        "Brier wins": min(wins(brier, mine, each, observed, lower=True) for each in chances),
        "ECE wins": min(wins(calibration_error, mine, each, observed, lower=True) for each in chances),
    }
