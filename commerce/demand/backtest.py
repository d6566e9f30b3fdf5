"""What the methods would have said in the past of a product, and how right they were."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from commerce.demand.forecasts import METHODS, Floats

FIRST = 8
"""Periods that have to be known before anything is forecast."""
ORIGINS = 12
"""Past forecasts by which the methods are weighed."""
HORIZON = 4
"""Periods over which a forecast is judged."""
SPREAD_OVER = 26
LEAST_SPREAD = 0.5
LOOKED_BACK = 44
"""Origins computed at all: half a year of errors, of forecasts that were weighed by earlier ones."""


@dataclass(frozen=True)
class Backtest:
    """Row i of each array was known after `first + i` periods; the last row is the present."""

    sold: Floats
    first: int
    blended: Floats
    """The forecast for one period: that of the methods, weighed by their own errors before."""
    spread: Floats
    """The standard deviation of a period's sales in half a year before."""
    weights: Floats
    """Of the methods at present."""

    @property
    def leading(self) -> str:
        """The method that weighs most."""
        return list(METHODS)[int(self.weights.argmax())]

    def lead_errors(self, lead: int) -> Floats:
        """By how many spreads the sales of a lead time exceeded the forecast, for the rows that know it."""
        rows = max(0, len(self.blended) - lead)
        totals = [self.sold[self.first + row : self.first + row + lead].sum() for row in range(rows)]
        errors: Floats = (np.array(totals) - lead * self.blended[:rows]) / (self.spread[:rows] * lead**0.5)
        return errors


def backtest(sold: Floats) -> Backtest:
    """Of sales in periods of equal length, the oldest first, at least `FIRST` of them."""
    first = max(FIRST, len(sold) - LOOKED_BACK)
    origins = range(first, len(sold) + 1)
    made = np.array([[method(sold[:origin]) for method in METHODS.values()] for origin in origins])
    misses = _misses(sold, made, first=first)
    weights = np.array([_weights(misses, row) for row in range(len(made))])
    spread = [sold[max(0, origin - SPREAD_OVER) : origin].std() for origin in origins]
    return Backtest(
        sold=sold,
        first=first,
        blended=np.maximum(0.0, (made * weights).sum(axis=1)),
        spread=np.maximum(LEAST_SPREAD, spread),
        weights=weights[-1],
    )


def _misses(sold: Floats, made: Floats, *, first: int) -> Sequence[Floats]:
    """The mean absolute error over the horizon, for the rows that have so much of a future."""
    rows = max(0, len(made) - HORIZON)
    futures = (sold[first + row : first + row + HORIZON] for row in range(rows))
    return [np.abs(future[:, None] - made[row]).mean(axis=0) for row, future in enumerate(futures)]


def _weights(misses: Sequence[Floats], row: int) -> Floats:
    """Inverse to the squared errors of the latest origins whose future was known; equal without any."""
    known = misses[max(0, row - HORIZON - ORIGINS + 1) : max(0, row - HORIZON + 1)]
    if not known:
        return np.full(len(METHODS), 1 / len(METHODS))
    inverse: Floats = 1 / (np.mean(known, axis=0) + 1e-9) ** 2
    inverse /= inverse.sum()
    return inverse
