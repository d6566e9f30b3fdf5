"""How much a product sells in a period to come, by plain methods that look at the periods so far."""

from collections.abc import Callable, Iterable, Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Method = Callable[[Floats], float]

WINDOW = 8
LONG_WINDOW = 13
SES_BOUNDS = (0.01, 0.99)
IMAPA_BOUNDS = (0.1, 0.3)
TSB_ALPHA = 0.2
GOLDEN = (sqrt(5) - 1) / 2
ALPHA_TOLERANCE = 1e-8


def window_average(sold: Floats, periods: int = WINDOW) -> float:
    return float(sold[-periods:].mean())


def window_median(sold: Floats, periods: int = WINDOW) -> float:
    return float(np.median(sold[-periods:]))


def smoothed(sold: Iterable[float], alpha: float) -> tuple[float, float]:
    """The level that exponential smoothing ends at, and the sum of its squared one-step errors."""
    periods = iter(sold)
    level, squares = next(periods), 0.0
    for each in periods:
        error = each - level
        squares += error * error
        level += alpha * error
    return level, squares


def ses(sold: Floats, bounds: tuple[float, float] = SES_BOUNDS) -> float:
    """Simple exponential smoothing, alpha found by golden section search for the smallest squared errors."""
    periods = sold.tolist()
    low, high = bounds
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = smoothed(periods, left)[1], smoothed(periods, right)[1]
    while high - low > ALPHA_TOLERANCE:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = smoothed(periods, left)[1]
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = smoothed(periods, right)[1]
    return smoothed(periods, (low + high) / 2)[0]


def tsb(sold: Floats, alpha_demand: float = TSB_ALPHA, alpha_chance: float = TSB_ALPHA) -> float:
    """Teunter, Syntetos and Babai (2011): the size of a sale and the chance of one, smoothed apart."""
    happened = sold > 0
    if not happened.any():
        return 0.0
    size, _ = smoothed(sold[happened].tolist(), alpha_demand)
    chance, _ = smoothed(happened.astype(float).tolist(), alpha_chance)
    return size * chance


def imapa(sold: Floats) -> float:
    """Petropoulos and Kourentzes (2015): the mean of smoothings of sums over one, two … periods.

    As many as lie between two sales, on average.
    """
    at = np.flatnonzero(sold)
    if not len(at):
        return 0.0
    most = max(1, round(float(np.diff(at, prepend=-1).mean())))
    return float(np.mean([ses(_sums(sold, of), IMAPA_BOUNDS) / of for of in range(1, most + 1)]))


def _sums(sold: Floats, of: int) -> Floats:
    """Over blocks of that many periods; what does not fill a block is left out at the beginning."""
    blocks = len(sold) // of
    sums: Floats = sold[len(sold) - blocks * of :].reshape(blocks, of).sum(axis=1)
    return sums


METHODS: Mapping[str, Method] = {
    "average of 8 weeks": window_average,
    "median of 8 weeks": window_median,
    "median of 13 weeks": lambda sold: window_median(sold, LONG_WINDOW),
    "exponential smoothing": ses,
    "TSB": tsb,
    "IMAPA": imapa,
}
