"""Ports of forecasting: the history of sales and the stock on hand."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from commerce.demand.models import Sales, Stocked


class SalesHistory(Protocol):
    def daily(self, *, since: date, until: date) -> Sequence[Sales]:
        """Each product that was sold in [since, until), from its first day on, days without sales as 0."""


class Shelf(Protocol):
    def stocked(self) -> Sequence[Stocked]:
        """Every product that the shop sells."""
