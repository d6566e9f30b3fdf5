"""Evaluation of the two recommendation lists against later purchases."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.benchmarks.predictions.evaluation import RESAMPLES, Evaluation
from evals.benchmarks.predictions.peers import shelf_peers
from evals.benchmarks.predictions.splits import Baskets
from evals.report import Figure
from memory.predictions.repertoire import repertoire
from memory.predictions.rhythm import Floats
from memory.predictions.tastes import SHELF, fit_tastes

FAR_BELOW = 1e6
DISCOUNTS = 1 / np.log2(np.arange(2, SHELF + 2))


def evaluate_recommendations(baskets: Baskets) -> Evaluation:
    """`again` counts all purchases; `new` those of products that the customer never had."""
    known, products = baskets.lines.before(baskets.today), baskets.products
    later = baskets.lines.between(baskets.today, baskets.today + baskets.days)
    customers = 1 + int(baskets.lines.customer.max())
    own = repertoire(known, today=baskets.today, customers=customers, products=products)
    tastes = fit_tastes(known, [str(each) for each in range(products)], traits={}, today=baskets.today)
    came = np.zeros((customers, products), dtype=bool)
    came[later.customer, later.product] = True
    had = own.table(np.ones(len(own.product)), products=products) > 0
    came[~had.any(axis=1)] = False
    again = np.tile(tastes.bought - FAR_BELOW, (customers, 1))
    again[own.customer, own.product] = tastes.again_scores(own)
    others = shelf_peers(own, products=products)
    theirs_again = {name: _served(scores, came) for name, scores in others.items()}
    theirs_new = {
        name: _served(np.where(had, -np.inf, scores), came & ~had) for name, scores in others.items()
    }
    ours_again, ours_new = _served(again, came), _served(tastes.new_scores(own), came & ~had)
    return Evaluation(
        ours={
            "buyers": len(ours_again),
            **_figures(ours_again, ours_new),
            "again wins": _wins(ours_again, theirs_again),
            "new wins": _wins(ours_new, theirs_new),
        },
        peers={name: _figures(theirs_again[name], theirs_new[name]) for name in others},
    )


def _served(scores: NDArray[np.floating[Any]], came: NDArray[np.bool_]) -> Floats:
    """Recall and NDCG of the first ten for each customer who bought, shape (buyers, 2)."""
    buyers = came.any(axis=1)
    scores, came = scores[buyers], came[buyers]
    shelf = np.argsort(-scores, axis=1, kind="stable")[:, :SHELF]
    hits = np.take_along_axis(came, shelf, axis=1)
    counts = came.sum(axis=1)
    ideal = np.cumsum(DISCOUNTS)[np.minimum(counts, SHELF) - 1]
    return np.column_stack([hits.sum(axis=1) / counts, hits @ DISCOUNTS / ideal])


def _figures(again: Floats, new: Floats) -> dict[str, Figure]:
    recall, gain = again.mean(axis=0).tolist()
    new_recall, new_gain = new.mean(axis=0).tolist()
    return {"again recall": recall, "again NDCG": gain, "new recall": new_recall, "new NDCG": new_gain}


def _wins(ours: Floats, theirs: Mapping[str, Floats]) -> float:
    """The smallest share of resamples in which our NDCG is at least theirs."""
    rng = np.random.default_rng(1)
    some = rng.integers(0, len(ours), (RESAMPLES, len(ours)))
    gains = [(ours[:, 1] - each[:, 1])[some].mean(axis=1) for each in theirs.values()]
    return min(float((gain >= 0).mean()) for gain in gains)
