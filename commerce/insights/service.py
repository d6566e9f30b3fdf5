"""Figures for staff, read from the warehouse, so that no customer waits for them."""

from typing import Any

from commerce.insights.models import WINDOWS, Sales, since
from foundation.clock import Calendar
from foundation.money import Money
from foundation.warehouse.base import Warehouse

SOLD = """
SELECT COUNT(*) AS payments, COALESCE(SUM(amount_cents - refunded_cents), 0) AS net_cents
FROM commerce.payments
WHERE status IN ('approved', 'returning', 'refunded') AND created_at >= $since
"""
"""A voided payment never reached the customer's statement."""


class Insights:
    def __init__(self, warehouse: Warehouse, calendar: Calendar) -> None:
        self._warehouse = warehouse
        self._calendar = calendar

    def sales(self) -> dict[str, Sales]:
        """By the name of the window, as far as the payments have reached the warehouse.

        Raises:
            WarehouseUnavailable: the warehouse does not answer.
        """
        self._warehouse.ensure()
        return {name: self._sold(days) for name, days in WINDOWS.items()}

    def _sold(self, days: int) -> Sales:
        begin = since(self._calendar.today(), days, self._calendar.zone)
        row: dict[str, Any] = self._warehouse.query(SOLD, {"since": begin})[0]
        return Sales(days, int(row["payments"]), Money(int(row["net_cents"])))
