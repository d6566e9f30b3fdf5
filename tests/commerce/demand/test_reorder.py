import numpy as np
import pytest

from commerce.demand.models import Outlook, ReorderPolicy, Stocked, suggestion
from commerce.demand.reorder import conformal_quantile, outlooks
from tests.fakes import FakeClock

POLICY = ReorderPolicy(lead_days=14, service_level=0.9)
GUMMIES = Stocked("prd_1", "Night Owl Gummies", on_hand=12)
AT = FakeClock().now


def _poisson(products: int, weeks: int, *, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(2, 4, (products, 1)), (products, weeks)).astype(float)


def test_upper_bound_holds_as_often_as_promised() -> None:
    sold = _poisson(60, 34, seed=3)

    seen = outlooks({str(at): weeks[:-2] for at, weeks in enumerate(sold)}, POLICY)
    held = [weeks[-2:].sum() <= seen[str(at)].upper for at, weeks in enumerate(sold)]

    assert 0.82 <= np.mean(held) <= 0.98


def test_expectation_follows_the_pace_of_the_product() -> None:
    slow, quick = np.full(30, 2.0), np.full(30, 20.0)

    seen = outlooks({"slow": slow, "quick": quick}, POLICY)

    assert seen["slow"].expected == pytest.approx(4)
    assert seen["quick"].expected == pytest.approx(40)


def test_product_with_too_short_a_past_is_left_out() -> None:
    seen = outlooks({"old": np.full(30, 5.0), "new": np.full(7, 5.0)}, POLICY)

    assert set(seen) == {"old"}


def test_too_few_errors_promise_nothing() -> None:
    assert conformal_quantile(np.arange(18.0), 0.95) is None
    assert conformal_quantile(np.arange(19.0), 0.95) == 18
    assert outlooks({"young": np.full(10, 5.0)}, POLICY) == {}


@pytest.mark.parametrize(("on_hand", "to_order"), [(21, 0), (20, 14), (0, 34)])
def test_order_is_made_at_the_reorder_point(on_hand: int, to_order: int) -> None:
    stocked = Stocked("prd_1", "Night Owl Gummies", on_hand)

    made = suggestion(stocked, Outlook(13.2, 19.4, "TSB"), POLICY, known_weeks=30, at=AT)

    assert (made.reorder_point, made.to_order) == (20, to_order)


def test_what_does_not_sell_is_not_ordered() -> None:
    stocked = Stocked("prd_1", "Night Owl Gummies", on_hand=0)

    made = suggestion(stocked, Outlook(0.0, 0.0, "TSB"), POLICY, known_weeks=30, at=AT)

    assert made.to_order == 0


def test_without_an_outlook_no_number_is_made_up() -> None:
    made = suggestion(GUMMIES, None, POLICY, known_weeks=3, at=AT)

    assert (made.expected, made.reorder_point, made.to_order) == (None, None, 0)
    assert made.why == "No data: 3 whole weeks of sales are known, too few for a forecast."
