"""How often customers come back, and when next: the MBG/NBD model.

Batislam, Denizel and Filiztekin (2007): while they are customers they buy at random, each at a rate of their
own, Gamma(r, alpha); after each purchase, the first one too, they may leave, by a chance of Beta(a, b).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from memory.predictions.rhythm import Floats, Rhythms

LOG_BOUND = 8.0
"""Beyond it a parameter stands for certainty, and the series of the hypergeometric function for nothing."""
MOST_ALIVE = 0.99
"""A log that begins with customers who were there already makes the model believe that nobody ever leaves."""
NOBODY_LEAVES = 1e-9
NEAR_ONE = 1e-4


@dataclass(frozen=True)
class Repeat:
    r: float
    alpha: float
    a: float
    b: float

    @property
    def is_degenerate(self) -> bool:
        """Whether the purchases contain no evidence of leaving."""
        return self.a == NOBODY_LEAVES

    def alive(self, past: Rhythms) -> Floats:
        """The chance that somebody has not left."""
        x = past.frequency
        odds = np.log(self.a / (self.b + x)) + (self.r + x) * np.log(
            (self.alpha + past.age) / (self.alpha + past.recency)
        )
        return np.asarray(1 / (1 + np.exp(np.minimum(odds, 700.0))))

    def within(self, past: Rhythms, days: Floats | float) -> Floats:
        """The chance that somebody who has not left buys within `days`."""
        shape, rate = self.r + past.frequency, self.alpha + past.age
        return np.asarray(-np.expm1(shape * np.log(rate / (rate + days))))

    def comes_back(self, past: Rhythms, days: float) -> Floats:
        """The chance that somebody buys within `days`, whether they have left or not."""
        return self.alive(past) * self.within(past, days)

    def days_until(self, past: Rhythms, share: Floats | float, *, horizon: float) -> Floats:
        """By when that share of those who buy within the horizon has bought."""
        shape, rate = self.r + past.frequency, self.alpha + past.age
        reached = share * self.within(past, horizon)
        return np.asarray(rate * np.expm1(-np.log1p(-reached) / shape))

    def expected(self, past: Rhythms, horizon: float) -> Floats:
        """Purchases within the horizon, of somebody of whom it is not known whether they have left."""
        from scipy.special import hyp2f1

        a = self.a if abs(self.a - 1) > NEAR_ONE else 1 + NEAR_ONE
        x, rate = past.frequency, self.alpha + past.age
        bent = hyp2f1(self.r + x, self.b + x + 1, a + self.b + x, horizon / (rate + horizon))
        kept = bent * (rate / (rate + horizon)) ** (self.r + x)
        return np.asarray((a + self.b + x) / (a - 1) * (1 - kept) * self.alive(past))


def fit_repeat(past: Rhythms) -> Repeat:
    """By maximum likelihood; without evidence of leaving, the NBD, in which nobody leaves."""
    from scipy.special import gammaln

    cells, counts = np.unique(
        np.column_stack([past.frequency, past.recency, past.age]), axis=0, return_counts=True
    )
    scale = float(past.age.max())
    x, recency, age = cells.T / np.array([[1.0], [scale], [scale]])
    shares = counts / counts.sum()

    def buying(r: float, alpha: float) -> Floats:
        return np.asarray(gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age))

    def cost(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        stay = gammaln(a + b) + gammaln(b + x + 1) - gammaln(b) - gammaln(a + b + x + 1)
        left = np.log(a) - np.log(b + x) + (r + x) * np.log((alpha + age) / (alpha + recency))
        return -float(shares @ (buying(r, alpha) + stay + np.logaddexp(left, 0)))

    def cost_if_nobody_leaves(logs: Floats) -> float:
        return -float(shares @ buying(*np.exp(logs)))

    logs = _least(cost, parameters=4)
    found = Repeat(*(np.exp(logs) * [1, scale, 1, 1]).tolist())
    if np.abs(logs[2:]).max() < LOG_BOUND and float(found.alive(past).mean()) <= MOST_ALIVE:
        return found
    r, alpha = np.exp(_least(cost_if_nobody_leaves, parameters=2)).tolist()
    return Repeat(r, alpha * scale, NOBODY_LEAVES, 1.0)


def _least(cost: Callable[[Floats], float], *, parameters: int) -> Floats:
    from scipy.optimize import minimize

    bounds = [(-LOG_BOUND, LOG_BOUND)] * parameters
    return np.asarray(minimize(cost, np.zeros(parameters), method="L-BFGS-B", bounds=bounds).x)
