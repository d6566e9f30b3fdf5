"""Forecast error and realised service level, of the shop's forecasts and of baselines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from commerce.demand.backtest import SPREAD_OVER
from commerce.demand.forecasts import METHODS
from commerce.demand.models import ReorderPolicy
from commerce.demand.reorder import outlooks
from evals.benchmarks.demand.series import Floats, Weeks

HORIZON = 4
ORIGINS = 4
"""Forecast origins, one lead time apart, the last of which ends with the data."""
SEASON = 4
NORMAL = 1.6449
"""The 95 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Evaluation:
    mase: float | None
    """Mean absolute error over the last four weeks, in units of the naive forecast's error before them."""
    service: float
    """Share of lead times in which the reorder point covered demand."""
    worst: float
    """The lowest of one origin."""
    stock: float
    """Reorder point over mean sales of a lead time: the cost of the service level."""


@dataclass(frozen=True)
class Bounds:
    """For each product: forecast of each coming week, and the reorder point."""

    weekly: Floats | None
    upper: Floats


Forecaster = Callable[[Floats], Bounds]


def evaluate(weeks: Weeks, forecaster: Forecaster, policy: ReorderPolicy) -> Evaluation:
    lead, count = policy.lead_weeks, weeks.sold.shape[1]
    held, stock, mase = [], [], None
    for origin in range(count - ORIGINS * lead, count, lead):
        known = weeks.sold[:, :origin]
        bounds = forecaster(known)
        wanted = weeks.wanted[:, origin : origin + lead].sum(axis=1)
        held.append(float((wanted <= bounds.upper).mean()))
        usual = lead * np.maximum(known.mean(axis=1), 1e-9)
        stock.append(float(np.median(bounds.upper / usual)))
        if origin == count - HORIZON and bounds.weekly is not None:
            mase = _mase(known, weeks.wanted[:, origin:], bounds.weekly)
    return Evaluation(mase, float(np.mean(held)), min(held), float(np.mean(stock)))


def _mase(known: Floats, came: Floats, forecast: Floats) -> float:
    """Products with constant sales have no scale and are left out."""
    scale = np.abs(np.diff(known, axis=1)).mean(axis=1)
    moved = scale > 0
    return float((np.abs(came - forecast).mean(axis=1)[moved] / scale[moved]).mean())


def shop_forecaster(policy: ReorderPolicy) -> Forecaster:
    def forecaster(known: Floats) -> Bounds:
        seen = outlooks({str(at): sold for at, sold in enumerate(known)}, policy)
        each = [seen[str(at)] for at in range(len(known))]
        weekly = np.array([[outlook.expected / policy.lead_weeks] * HORIZON for outlook in each])
        return Bounds(weekly, np.ceil([outlook.upper for outlook in each]))

    return forecaster


def peers(policy: ReorderPolicy) -> Mapping[str, Forecaster]:
    """Each forecast with a normal safety margin, and the quantile of past lead times."""
    single = {name: _normal(_by_method(name), policy) for name in METHODS}
    return {
        "naive": _normal(lambda known: _flat(known[:, -1]), policy),
        "seasonal naive": _normal(lambda known: known[:, -SEASON:], policy),
        **single,
        "past lead times": lambda known: _past_sums(known, policy),
    }


def _flat(weekly: Floats) -> Floats:
    return np.repeat(weekly[:, None], HORIZON, axis=1)


def _by_method(name: str) -> Callable[[Floats], Floats]:
    return lambda known: _flat(np.array([METHODS[name](sold) for sold in known]))


def _normal(forecast: Callable[[Floats], Floats], policy: ReorderPolicy) -> Forecaster:
    def forecaster(known: Floats) -> Bounds:
        weekly = forecast(known)
        margin = NORMAL * known[:, -SPREAD_OVER:].std(axis=1) * policy.lead_weeks**0.5
        return Bounds(weekly, np.ceil(weekly[:, : policy.lead_weeks].sum(axis=1) + margin))

    return forecaster


def _past_sums(known: Floats, policy: ReorderPolicy) -> Bounds:
    lead = policy.lead_weeks
    sums = np.stack([known[:, at : at + lead].sum(axis=1) for at in range(known.shape[1] - lead + 1)])
    return Bounds(None, np.quantile(sums, policy.service_level, axis=0))
