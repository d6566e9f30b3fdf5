"""How right a forecast was, and whether it was more so than another, by resampling the customers."""

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
"""Of what was said and what came."""


@dataclass(frozen=True)
class Judged:
    ours: Mapping[str, Figure]
    peers: Mapping[str, Mapping[str, Figure]]


def auc(said: Floats, came: Floats) -> float:
    positives = int(came.sum())
    ranks = rankdata(said)[came > 0].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * (len(came) - positives)))


def brier(said: Floats, came: Floats) -> float:
    return float(((said - came) ** 2).mean())


def calibration_error(said: Floats, came: Floats) -> float:
    """Expected, over ten equal bins."""
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    off = np.bincount(bins, said - came, minlength=BINS)
    return float(np.abs(off).sum() / len(said))


def captured(said: Floats, spent: Floats) -> float:
    """Of what the tenth that spent most did spend, the share that the tenth named did."""
    most = max(1, round(TOP_SHARE * len(said)))
    named = np.argsort(-said, kind="stable")[:most]
    return float(spent[named].sum() / np.sort(spent)[-most:].sum())


def wins(measure: Measure, ours: Floats, theirs: Floats, came: Floats, *, lower: bool) -> float:
    """The share of resamples in which ours is at least as good."""
    rng = np.random.default_rng(1)
    won = 0
    for _ in range(RESAMPLES):
        some = rng.integers(0, len(came), len(came))
        first, second = measure(ours[some], came[some]), measure(theirs[some], came[some])
        won += first <= second if lower else first >= second
    return won / RESAMPLES


def judge(visits: Visits) -> Judged:
    known = visits.purchases.before(visits.today)
    past = rhythms(known, today=visits.today)
    model = fit_model(known, today=visits.today, horizon=visits.days)
    if model is None:
        raise SystemExit(f"{visits.name} knows too few customers by its day.")
    seen = model.foresee(past)
    after = outcomes(visits.purchases, past, today=visits.today, days=visits.days)
    came = (after.purchases > 0).astype(np.float64)
    others = peers(known, past, today=visits.today, horizon=visits.days)
    ours = Guess(seen.chance, seen.chance, seen.purchases, seen.middle)
    measured = partial(_figures, came=came, purchases=after.purchases, first=after.first)
    bought = came > 0
    width = seen.last[bought] - seen.first[bought] + 1
    inside = (after.first >= seen.first) & (after.first <= seen.last)
    return Judged(
        ours={
            "customers": len(past),
            "bought again": float(came.mean()),
            **measured(ours),
            **_against(ours, others, came),
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


def _figures(guess: Guess, *, came: Floats, purchases: Floats, first: Floats) -> dict[str, Figure]:
    bought = came > 0
    counted, day, chance = guess.purchases, guess.day, guess.chance
    return {
        "AUC": auc(guess.rank, came),
        "Brier": None if chance is None else brier(chance, came),
        "ECE": None if chance is None else calibration_error(chance, came),
        "count MAE": None if counted is None else float(np.abs(counted - purchases).mean()),
        "count bias": None if counted is None else float(counted.sum() / purchases.sum() - 1),
        "day MAE": None if day is None else float(np.abs(day - first)[bought].mean()),
    }


def _against(ours: Guess, others: Mapping[str, Guess], came: Floats) -> dict[str, Figure]:
    """The smallest share of wins over any of the others."""
    chances = [each.chance for each in others.values() if each.chance is not None]
    mine = ours.rank
    return {
        "AUC wins": min(wins(auc, mine, each.rank, came, lower=False) for each in others.values()),
        "Brier wins": min(wins(brier, mine, each, came, lower=True) for each in chances),
        "ECE wins": min(wins(calibration_error, mine, each, came, lower=True) for each in chances),
    }
