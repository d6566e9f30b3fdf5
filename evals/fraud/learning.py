"""Learn the weights of the fraud score from planted fraud: `python -m evals.fraud.learning [SEED …]`.

Its output belongs in `commerce/fraud/weights.py`.
"""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from commerce.fraud.signals import AccountAge, Signals
from evals.fraud.dataset import generate_dataset, observed

SEEDS = (1, 2, 3, 4)
TRUSTED = frozenset({"days_known"})
"""Signals that may only lower the score; all others may only raise it."""
SHRINKAGE = 1e-5
LEAST_SPREAD = 0.05
WORTH_KEEPING = 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    intercept: float
    weights: dict[str, float]


def learn(seen: list[Signals], is_fraud: NDArray[np.bool_]) -> dict[AccountAge, Rule]:
    """A logistic regression for each age of an account, with the signs that suspicion and trust allow."""
    ages = np.array([each.account_age for each in seen])
    return {
        account_age: _fit(
            [seen[at].vector() for at in np.flatnonzero(ages == account_age)],
            is_fraud[ages == account_age],
        )
        for account_age in AccountAge
    }


def _fit(vectors: list[dict[str, float]], is_fraud: NDArray[np.bool_]) -> Rule:
    names = list(vectors[0])
    values = np.array([list(vector.values()) for vector in vectors])
    spread = np.maximum(values.std(axis=0), LEAST_SPREAD)
    signs = [(None, 0.0) if name in TRUSTED else (0.0, None) for name in names]
    found = minimize(
        _loss,
        np.concatenate([[-4.0], np.zeros(len(names))]),
        args=(values / spread, np.where(is_fraud, 1.0, -1.0)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *signs],
        options={"maxiter": 500},
    )
    weights = zip(names, found.x[1:] / spread, strict=True)
    kept = {name: round(float(weight), 2) for name, weight in weights if abs(weight) >= WORTH_KEEPING}
    return Rule(round(float(found.x[0]), 2), kept)


def _loss(parameters: Floats, values: Floats, signs: Floats) -> tuple[float, Floats]:
    """The mean logistic loss with its gradient, and a little shrinkage."""
    margins = (values @ parameters[1:] + parameters[0]) * signs
    pull = -signs / (1 + np.exp(np.clip(margins, -500, 500)))
    slopes = values.T @ pull / len(signs) + 2 * SHRINKAGE * parameters[1:]
    loss = np.logaddexp(0, -margins).mean() + SHRINKAGE * np.square(parameters[1:]).sum()
    return float(loss), np.concatenate([[pull.mean()], slopes])


def main(seeds: list[int]) -> None:
    datasets = [generate_dataset(seed) for seed in seeds or SEEDS]
    seen = [each for one in datasets for each in observed(one.attempts)]
    rules = learn(seen, np.concatenate([one.is_fraud for one in datasets]))
    for account_age, rule in rules.items():
        sys.stdout.write(f"{account_age}: {rule.intercept} {rule.weights}\n")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]])
