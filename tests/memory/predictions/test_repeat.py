import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import roots_jacobi

from memory.predictions.repeat import Repeat, fit_repeat
from memory.predictions.rhythm import Rhythms

HORIZON = 90.0


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    """Customers made up for it, and what another implementation says of them."""
    told: dict[str, Any] = json.loads(Path(__file__).with_name("lifetimes.json").read_text())
    return told


@pytest.fixture(scope="module")
def past(oracle: dict[str, Any]) -> Rhythms:
    frequency, recency, age = np.array(oracle["frequency_recency_age"], float).T
    return Rhythms(np.arange(len(age)), frequency, recency, age, np.ones(len(age)))


@pytest.fixture
def theirs(oracle: dict[str, Any]) -> Repeat:
    return Repeat(**oracle["fitted"])


def test_fit_finds_the_parameters_that_lifetimes_finds(past: Rhythms, theirs: Repeat) -> None:
    ours = fit_repeat(past)

    for name in ("r", "alpha", "a", "b"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=0.01)


def test_what_follows_from_the_parameters_is_what_lifetimes_says(
    past: Rhythms, theirs: Repeat, oracle: dict[str, Any]
) -> None:
    some = past.take(slice(0, len(oracle["alive"])))

    assert theirs.alive(some) == pytest.approx(np.array(oracle["alive"]), abs=2e-6)
    assert theirs.expected(some, HORIZON) == pytest.approx(np.array(oracle["expected"]), rel=1e-4, abs=2e-6)


def test_the_day_by_which_a_share_has_bought_is_the_one_at_which_that_share_has(
    past: Rhythms, theirs: Repeat
) -> None:
    for share in (0.1, 0.5, 0.9):
        days = theirs.days_until(past, share, horizon=HORIZON)

        assert theirs.within(past, days) == pytest.approx(share * theirs.within(past, HORIZON))


def test_a_log_that_tells_nothing_of_leaving_is_read_as_if_nobody_left() -> None:
    """Everybody was there before the log began and still is: a fit would call the chance to leave zero."""
    rng = np.random.default_rng(3)
    rate = rng.gamma(2.0, 1 / 20, 2_000)
    age = np.full(2_000, 300.0)
    frequency = rng.poisson(rate * age).astype(float)
    recency = np.where(frequency > 0, np.floor(age * rng.beta(np.maximum(frequency, 1), 1)), 0.0)
    past = Rhythms(np.arange(2_000), frequency, recency, age, np.ones(2_000))

    found = fit_repeat(past)

    assert found.is_degenerate
    assert found.r == pytest.approx(2.0, rel=0.1)
    assert found.expected(past, HORIZON).sum() == pytest.approx((rate * HORIZON).sum(), rel=0.05)


@pytest.mark.parametrize(
    ("r", "alpha", "a", "b"), [(1.4, 9.6, 0.05, 46.0), (0.6, 50.0, 0.8, 1.2), (50.0, 150.0, 2.0, 9.0)]
)
def test_the_expectation_is_the_integral_over_all_chances_to_leave(
    r: float, alpha: float, a: float, b: float
) -> None:
    """Also for one who came yesterday, for whom the horizon is longer than all their past."""
    frequency, age = np.array([0.0, 17.0, 240.0]), np.array([1.0, 25.0, 273.0])
    past = Rhythms(np.arange(3), frequency, age - 1, age, np.ones(3))

    expected = Repeat(r, alpha, a, b).expected(past, HORIZON)

    for row, (x, days) in enumerate(zip(frequency.tolist(), age.tolist(), strict=True)):
        nodes, weights = roots_jacobi(64, b + x, a - 1)
        leave = (1 + nodes) / 2
        bought = -np.expm1(-(r + x) * np.log1p(leave * HORIZON / (alpha + days))) / leave
        alive = Repeat(r, alpha, a, b).alive(past)[row]
        assert expected[row] == pytest.approx(alive * weights @ bought / weights.sum(), rel=1e-4)


def test_a_shape_of_one_does_not_break_the_expectation(past: Rhythms) -> None:
    at_one, beside = Repeat(0.6, 40.0, 1.0, 2.0), Repeat(0.6, 40.0, 1.001, 2.0)

    assert at_one.expected(past, HORIZON) == pytest.approx(beside.expected(past, HORIZON), rel=0.01)
