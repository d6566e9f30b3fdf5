"""Forecasts of weekly sales and reorder points, compared with baselines: error and service level."""

from argparse import ArgumentParser, Namespace

from commerce.demand.models import ReorderPolicy
from evals.benchmarks.demand.evaluation import Evaluation, evaluate, peers, shop_forecaster
from evals.benchmarks.demand.series import SYNTHETIC, Weeks, generate, read
from evals.report import Goal, Report

SEED, CUSTOMERS = 11, 10_000
POLICY = ReorderPolicy(lead_days=14, service_level=0.95)
MASE_GOAL = 0.765
"""On the 300 products of Complete Journey 2017, weekly, four weeks ahead."""
OVER_BEST, NO_WORSE = "MASE over the best peer's", 1.02
OFF_GOAL = 0.02


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--customers", type=int, default=CUSTOMERS, help="customers of the generated shop, without --data"
    )


def run(options: Namespace) -> Report:
    weeks = read(options.data) if options.data else generate(SEED, customers=options.customers)
    ours = evaluate(weeks, shop_forecaster(POLICY), POLICY)
    others = {name: evaluate(weeks, forecaster, POLICY) for name, forecaster in peers(POLICY).items()}
    best = min(other.mase for other in others.values() if other.mase is not None)
    return Report(
        suite="demand",
        figures={
            "products": len(weeks.sold),
            "weeks": weeks.sold.shape[1],
            **_figures(ours),
            OVER_BEST: None if ours.mase is None else ours.mase / best,
        },
        goals=_goals(weeks),
        peers={name: _figures(other) for name, other in others.items()},
        notes=[
            f"Data: {weeks.name}. MASE of the last four weeks; reorder points for {POLICY.lead_days} days at "
            f"{POLICY.service_level:.0%}, at the last four origins.",
            "Peers use a normal safety margin; `past lead times` uses the empirical quantile.",
            "The growth of a generated shop is a setting, so its MASE has no goal; stock-outs hide sales "
            "from the forecasts there, but not from the evaluation.",
            "Stock is the median reorder point over the mean sales of a lead time.",
        ],
    )


def _goals(weeks: Weeks) -> dict[str, Goal]:
    is_real = weeks.name != SYNTHETIC
    near: dict[str, Goal] = {"MASE": ("<=", MASE_GOAL), OVER_BEST: ("<=", NO_WORSE)} if is_real else {}
    return {**near, "off the service level": ("<=", OFF_GOAL)}


def _figures(evaluation: Evaluation) -> dict[str, float | None]:
    return {
        "MASE": evaluation.mase,
        "realised service": evaluation.service,
        "realised service, worst": evaluation.worst,
        "off the service level": abs(evaluation.service - POLICY.service_level),
        "stock": evaluation.stock,
    }
