"""Upper bounds on what products sell in a lead time, from the errors that forecasts for this shop really had.

Split conformal prediction: the errors of all products, each in units of its product's own spread, are pooled,
and their quantile widens every forecast. Nothing is assumed of how sales are distributed.
"""

from collections.abc import Mapping
from math import ceil

import numpy as np

from commerce.demand.backtest import FIRST, Backtest, backtest
from commerce.demand.forecasts import Floats
from commerce.demand.models import Outlook, ReorderPolicy

CALIBRATED_OVER = 26
"""The latest errors of a product that count: half a year, so that the shop's pace may change."""


def outlooks(weekly: Mapping[str, Floats], policy: ReorderPolicy) -> dict[str, Outlook]:
    """By product; one with too short a past is left out, and all are when the pooled errors are too few."""
    past = {product_id: backtest(sold) for product_id, sold in weekly.items() if len(sold) >= FIRST}
    errors = [each.lead_errors(policy.lead_weeks)[-CALIBRATED_OVER:] for each in past.values()]
    widening = conformal_quantile(np.concatenate(errors), policy.service_level) if errors else None
    if widening is None:
        return {}
    return {product_id: _outlook(each, widening, policy) for product_id, each in past.items()}


def conformal_quantile(errors: Floats, level: float) -> float | None:
    """What a further error stays under with that probability; None when there are too few to say so."""
    rank = ceil((len(errors) + 1) * level)
    return float(np.sort(errors)[rank - 1]) if rank <= len(errors) else None


def _outlook(past: Backtest, widening: float, policy: ReorderPolicy) -> Outlook:
    expected = policy.lead_weeks * float(past.blended[-1])
    upper = expected + widening * float(past.spread[-1]) * policy.lead_weeks**0.5
    return Outlook(expected, max(0.0, upper), past.leading)
