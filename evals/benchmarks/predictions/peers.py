"""Baseline forecasts, from the same known purchases."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from memory.predictions.chance import fit_chance
from memory.predictions.repeat import fit_repeat
from memory.predictions.repertoire import Repertoire
from memory.predictions.rhythm import Floats, Purchases, Rhythms, outcomes, rhythms
from memory.predictions.tastes import Matrix

ALS_FACTORS, ALS_ROUNDS, ALS_RIDGE, ALS_TRUST = 64, 12, 20.0, 0.5
EASE_RIDGE_SHARE = 1 / 3
"""Of the customers. These parameters did best a month before the month that is measured."""


@dataclass(frozen=True)
class Guess:
    """A peer's forecast for each customer; None where it has none."""

    rank: Floats
    chance: Floats | None = None
    purchases: Floats | None = None
    day: Floats | None = None


def peers(known: Purchases, past: Rhythms, *, today: int, horizon: int) -> Mapping[str, Guess]:
    repeat = fit_repeat(past)
    by_rhythm = repeat.comes_back(past, horizon)
    days = min(horizon, (today - int(known.day.min())) // 2)
    then = rhythms(known, today=today - days)
    after = outcomes(known, then, today=today - days, days=days)
    learnt = fit_chance(then, after, days=days)
    rate = (past.frequency + 1) / np.maximum(past.age, 1)
    gap = np.where(past.frequency > 0, past.recency / np.maximum(past.frequency, 1), past.age)
    came = np.isfinite(after.first)
    usual = float(np.median(after.first[came])) if came.any() else days / 2
    found = {
        "recency": Guess(-past.silence, day=np.full(len(past), usual)),
        "own rate": Guess(
            rate, 1 - np.exp(-rate * horizon), rate * horizon, np.clip(gap - past.silence, 0, horizon)
        ),
        "MBG/NBD": Guess(
            by_rhythm,
            by_rhythm,
            repeat.expected(past, horizon),
            repeat.days_until(past, 0.5, horizon=horizon),
        ),
    }
    if learnt is not None:
        chance = learnt.within(past, horizon)
        found["logistic"] = Guess(chance, chance)
    return found


def shelf_peers(own: Repertoire, *, products: int) -> Mapping[str, Matrix]:
    """Scores of shape (customers, products); the highest are recommended."""
    had = own.table(np.ones(len(own.product)), products=products)
    popular = had.sum(axis=0)
    little = np.float32(1e-6) * popular
    return {
        "popularity": np.tile(popular, (own.customers, 1)),
        "own counts": own.table(own.count, products=products) + little,
        "decayed counts": own.table(own.habit, products=products) + little,
        "EASE": had @ _ease(had),
        "ALS": _als(had),
    }


def _ease(had: Matrix) -> Matrix:
    gram = (had.T @ had).astype(np.float64)
    gram[np.diag_indices(len(gram))] += EASE_RIDGE_SHARE * len(had)
    inverse = np.linalg.inv(gram)
    pull = -inverse / np.diag(inverse)
    np.fill_diagonal(pull, 0)
    return np.asarray(pull, np.float32)


def _als(had: Matrix) -> Matrix:
    """Hu, Koren and Volinsky (2008)."""
    rng = np.random.default_rng(0)
    table = csr_array(had)
    people = rng.normal(0, 0.1, (had.shape[0], ALS_FACTORS))
    goods = rng.normal(0, 0.1, (had.shape[1], ALS_FACTORS))
    for _ in range(ALS_ROUNDS):
        people = _solved(table, goods)
        goods = _solved(table.T.tocsr(), people)
    return np.asarray(people @ goods.T, np.float32)


def _solved(table: csr_array, other: Floats) -> Floats:
    base = other.T @ other + ALS_RIDGE * np.eye(ALS_FACTORS)
    rows = np.empty((table.shape[0], ALS_FACTORS))
    for row in range(table.shape[0]):
        theirs = other[table.indices[table.indptr[row] : table.indptr[row + 1]]]
        rows[row] = np.linalg.solve(
            base + ALS_TRUST * theirs.T @ theirs, (1 + ALS_TRUST) * theirs.sum(axis=0)
        )
    return rows
