from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from commerce.demand.models import ReorderPolicy, Sales, Stocked
from commerce.demand.service import Demand
from foundation.clock import Calendar
from foundation.sql import Ledger
from tests.fakes import FakeClock
from tests.shop import CHICAGO

TODAY = date(2026, 3, 1)


class FakeSales:
    """Sells the same number every day until it is changed."""

    def __init__(self, **a_day: int) -> None:
        self.a_day = a_day
        self.weeks = 30

    def daily(self, *, since: date, until: date) -> Sequence[Sales]:
        first = until - timedelta(days=7 * self.weeks)
        days = 7 * self.weeks
        return [Sales(name, max(first, since), (float(sold),) * days) for name, sold in self.a_day.items()]


class FakeShelf:
    def __init__(self, *stocked: Stocked) -> None:
        self.products = stocked

    def stocked(self) -> Sequence[Stocked]:
        return self.products


@pytest.fixture
def sales() -> FakeSales:
    return FakeSales(prd_quick=3, prd_slow=1)


@pytest.fixture
def demand(ledger: Ledger, clock: FakeClock, sales: FakeSales) -> Demand:
    shelf = FakeShelf(
        Stocked("prd_slow", "Slow", on_hand=50),
        Stocked("prd_quick", "Quick", on_hand=20),
        Stocked("prd_new", "New", on_hand=5),
    )
    return Demand(
        ledger, sales, shelf, ReorderPolicy(lead_days=14, service_level=0.9), Calendar(CHICAGO, clock)
    )


def test_every_product_is_told_of_and_what_to_order_comes_first(demand: Demand) -> None:
    count = demand.compute()

    quick, new, slow = demand.suggestions()

    assert count == 3
    assert (quick.product_id, quick.expected, quick.to_order > 0) == ("prd_quick", 42.0, True)
    assert (slow.product_id, slow.to_order) == ("prd_slow", 0)
    assert new.why.startswith("No data: 0 whole weeks")


def test_tonight_replaces_last_night(demand: Demand, sales: FakeSales, clock: FakeClock) -> None:
    demand.compute()
    sales.a_day = {}
    clock.advance(timedelta(days=1))

    demand.compute()

    assert {each.expected for each in demand.suggestions()} == {None}
    assert {each.computed_at for each in demand.suggestions()} == {clock.now}


def test_before_the_first_night_there_is_nothing(demand: Demand) -> None:
    assert demand.suggestions() == []
