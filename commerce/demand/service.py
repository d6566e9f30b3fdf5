"""Forecast what products sell, and say which to order."""

from datetime import timedelta

from commerce.demand import store
from commerce.demand.models import WEEK, ReorderPolicy, Suggestion, suggestion
from commerce.demand.ports import SalesHistory, Shelf
from commerce.demand.reorder import outlooks
from foundation.clock import Calendar
from foundation.sql import Ledger

WEEKS_READ = 104


class Demand:
    def __init__(
        self, ledger: Ledger, sales: SalesHistory, shelf: Shelf, policy: ReorderPolicy, calendar: Calendar
    ) -> None:
        self._ledger = ledger
        self._sales = sales
        self._shelf = shelf
        self._policy = policy
        self._calendar = calendar

    def compute(self) -> int:
        """Suggestions for every product, up to yesterday's sales, in place of the ones before; how many."""
        today = self._calendar.today()
        sold = self._sales.daily(since=today - timedelta(days=WEEKS_READ * WEEK), until=today)
        weekly = {each.product_id: each.weeks() for each in sold}
        seen = outlooks(weekly, self._policy)
        made = [
            suggestion(
                each,
                seen.get(each.product_id),
                self._policy,
                known_weeks=len(weekly.get(each.product_id, ())),
                at=self._calendar.now(),
            )
            for each in self._shelf.stocked()
        ]
        with self._ledger.transaction() as connection:
            store.replace(connection, made)
        return len(made)

    def suggestions(self) -> list[Suggestion]:
        """As last computed, what to order first."""
        with self._ledger.autocommit() as connection:
            return store.every(connection)
