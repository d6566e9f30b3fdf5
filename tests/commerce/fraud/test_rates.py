from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from commerce.fraud.models import KEPT, Past, Subject
from commerce.fraud.rates import NO_BURST, Burst, burst, tail
from tests.fakes import FakeClock

NOW = FakeClock().now
COUNTS = st.integers(0, 150)
EVENTS = st.floats(0.5, 400)
DAYS = st.floats(1, 120)
WINDOWS = st.sampled_from([1 / 24, 1.0, 7.0])
SLACK = 1 + 1e-9


@given(COUNTS, EVENTS, DAYS, WINDOWS)
def test_tail_is_that_of_the_negative_binomial(count: int, events: float, days: float, window: float) -> None:
    expected = nbinom.sf(count - 1, events, days / (days + window))

    assert abs(tail(count, events=events, days=days, window_days=window) - expected) <= 1e-9 + 1e-6 * expected


@given(COUNTS, EVENTS, DAYS, WINDOWS)
def test_more_of_them_are_never_likelier(count: int, events: float, days: float, window: float) -> None:
    fewer = tail(count, events=events, days=days, window_days=window)
    more = tail(count + 1, events=events, days=days, window_days=window)

    assert 0 <= more <= fewer * SLACK <= SLACK


@given(COUNTS, EVENTS, DAYS, WINDOWS, st.floats(0, 50))
def test_who_always_comes_often_surprises_less(
    count: int, events: float, days: float, window: float, further: float
) -> None:
    seldom = tail(count, events=events, days=days, window_days=window)
    often = tail(count, events=events + further, days=days, window_days=window)

    assert seldom <= often * SLACK + 1e-12


def test_burst_is_told_with_what_is_usual() -> None:
    past = [_past(minutes) for minutes in (1, 2, 3)] + [_past(60 * 24 * 10 * at) for at in range(1, 9)]

    found = burst(Subject.CARD, past, now=NOW, purchase=("cus_new", 1))

    assert (found.count, found.window) == (4, timedelta(hours=1))
    assert found.usual < 1
    assert found.tail < 1e-6


def test_purchase_tried_again_is_no_burst() -> None:
    past = [_past(minutes, customer="cus_ana", cents=50_00) for minutes in (1, 2, 3)]

    assert burst(Subject.CARD, past, now=NOW, purchase=("cus_ana", 50_00)) == NO_BURST


def test_network_that_is_always_busy_is_not_judged_by_what_was_not_read() -> None:
    past = [_past(at) for at in range(1, KEPT + 1)]

    found = burst(Subject.IP, past, now=NOW, purchase=("cus_new", 1))

    assert found == NO_BURST or found.window == timedelta(hours=1)
    assert isinstance(found, Burst)


def _past(minutes: int, *, customer: str | None = None, cents: int = 20_00) -> Past:
    return Past(
        at=NOW - timedelta(minutes=minutes),
        customer_id=customer or f"cus_{minutes}",
        amount_cents=cents,
        card="card",
        address=None,
        device=None,
        ip=None,
    )
