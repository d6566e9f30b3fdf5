from datetime import date
from pathlib import Path

import numpy as np
import pytest

from evals.benchmarks.predictions.evaluation import auc, calibration_error, captured, evaluate, wins
from evals.benchmarks.predictions.recommendations import evaluate_recommendations
from evals.benchmarks.predictions.splits import Baskets, visits
from memory.predictions.repertoire import Lines

SPLIT = ("shop.txt", "2025-10-01", "60")
FIRST = date(2025, 1, 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in CDNOW's format with 400 customers, some of whom churn."""
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(400):
        begins = int(rng.integers(0, 200))
        ends = begins + int(rng.exponential(150))
        days = np.unique([begins, *rng.integers(begins, ends + 1, (ends - begins) // 15)])
        for day in days[days < 333].tolist():
            on = date.fromordinal(FIRST.toordinal() + day)
            rows.append(f" {customer:05d} {on:%Y%m%d}  1   {rng.gamma(4, 5):.2f}")
    folder = tmp_path_factory.mktemp("data")
    (folder / "shop.txt").write_text("\n".join(["customer_id date n dollars", *rows]) + "\n")
    return folder


def test_purchases_are_read_as_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "shop.txt").write_text(" 00004 0001 19970101  2   29.33\n 00021 0002 19970103  3   63.34\n")

    read = visits(tmp_path, ("shop.txt", "1997-01-02", "10"))

    assert read.purchases.customer.tolist() == [0, 1]
    assert read.purchases.day.tolist() == [read.today - 1, read.today + 1]
    assert read.purchases.spent.tolist() == pytest.approx([2_933, 6_334])


def test_a_forecast_is_judged_beside_simpler_ones_on_what_came_later(shop: Path) -> None:
    evaluation = evaluate(visits(shop, SPLIT))

    assert evaluation.ours["customers"] == 400
    assert {"recency", "own rate", "MBG/NBD", "logistic"} == set(evaluation.peers)
    assert all(figure is not None and np.isfinite(figure) for figure in evaluation.ours.values())
    assert evaluation.ours["AUC"] is not None
    assert evaluation.ours["AUC"] > 0.7


def test_measures_are_what_they_are_called() -> None:
    predicted, observed = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0])

    assert auc(predicted, observed) == 0.75
    assert calibration_error(np.full(10, 0.25), np.array([1.0] * 3 + [0.0] * 7)) == pytest.approx(0.05)
    assert captured(np.arange(20.0), np.arange(20.0)) == 1.0
    assert captured(-np.arange(20.0), np.arange(20.0)) == pytest.approx(1 / 37)
    many, each = np.tile(predicted, 20), np.tile(observed, 20)
    assert wins(auc, many, -many, each, lower=False) == 1.0


def test_recommendations_that_are_bought_win() -> None:
    """Each customer buys their own product in most weeks, and a random one in the others."""
    rng = np.random.default_rng(6)
    customer = np.repeat(np.arange(200), 20)
    day = np.tile(np.arange(20) * 7, 200)
    product = np.where(rng.random(len(day)) < 0.6, customer % 30, rng.integers(0, 30, len(day)))

    evaluation = evaluate_recommendations(
        Baskets("weekly", Lines(customer, day, product), 30, today=112, days=28)
    )

    assert evaluation.ours["buyers"] == 200
    popular, ours = evaluation.peers["popularity"]["again NDCG"], evaluation.ours["again NDCG"]
    assert popular is not None
    assert ours is not None
    assert ours > 2 * popular
