"""The probability of another purchase, learnt from customers with a similar past."""

from dataclasses import dataclass

import numpy as np

from memory.predictions.rhythm import Floats, Outcomes, Rhythms

LEAST_OF_EACH = 20
"""Customers who came back, and who did not, without whom nothing is learnt."""


@dataclass(frozen=True)
class Chance:
    """A logistic regression on recency, frequency and money. days: how far it was taught to look ahead."""

    weights: tuple[float, ...]
    intercept: float
    days: int

    def within(self, past: Rhythms, horizon: float) -> Floats:
        """A longer horizon is one more draw for each `days` in it."""
        odds = _features(past) @ np.array(self.weights) + self.intercept
        silent = 1 / (1 + np.exp(np.clip(odds, -500, 500)))
        return np.asarray(1 - silent ** (horizon / self.days))


def fit_chance(past: Rhythms, after: Outcomes, *, days: int) -> Chance | None:
    """None when too few came back, or too few did not."""
    from sklearn.linear_model import LogisticRegression

    came_back = after.purchases > 0
    if min(came_back.sum(), (~came_back).sum()) < LEAST_OF_EACH:
        return None
    features = _features(past)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread == 0] = 1.0
    fitted = LogisticRegression(max_iter=1_000).fit((features - mean) / spread, came_back)
    weights = fitted.coef_[0] / spread
    return Chance(tuple(weights.tolist()), float(fitted.intercept_[0] - weights @ mean), days)


def _features(past: Rhythms) -> Floats:
    """(customers, 7)."""
    is_single = past.frequency == 0
    gap = np.where(is_single, past.age, past.recency / np.maximum(past.frequency, 1))
    return np.column_stack(
        [
            np.log1p(past.silence),
            np.log1p(past.frequency),
            np.log1p(past.age),
            past.silence / (past.age + 1),
            np.log1p(np.maximum(past.basket, 0)),
            np.log1p(gap),
            is_single,
        ]
    )
