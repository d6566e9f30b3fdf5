"""Units sold and units in stock, as demand planning reads them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Date, Integer, Text, cast, column, func, select

from commerce.checkout.models import OrderStatus
from commerce.checkout.store import orders
from commerce.demand.models import Sales, Stocked
from commerce.inventory.service import Inventory
from foundation.clock import Calendar
from foundation.sql import Ledger


class OrderedSales:
    """Daily units of paid orders; refunded orders are left out."""

    def __init__(self, ledger: Ledger, calendar: Calendar) -> None:
        self._ledger = ledger
        self._calendar = calendar

    def daily(self, *, since: date, until: date) -> Sequence[Sales]:
        lines = func.jsonb_to_recordset(orders.c.lines).table_valued(
            column("product_id", Text), column("quantity", Integer), name="line"
        )
        line = lines.render_derived(with_types=True)
        day = cast(func.timezone(self._calendar.zone.key, orders.c.created_at), Date)
        wanted = (
            select(line.c.product_id, day.label("day"), func.sum(line.c.quantity))
            .select_from(orders.join(line, onclause=orders.c.id.is_not(None)))
            .where(
                orders.c.status == OrderStatus.PAID,
                orders.c.created_at >= self._midnight(since),
                orders.c.created_at < self._midnight(until),
            )
            .group_by(line.c.product_id, day)
        )
        sold: dict[str, dict[date, int]] = defaultdict(dict)
        with self._ledger.autocommit() as connection:
            for product_id, at, quantity in connection.execute(wanted):
                sold[product_id][at] = quantity
        return [_sales(product_id, days, until) for product_id, days in sold.items()]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._calendar.zone)


class InventoryShelf:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def stocked(self) -> Sequence[Stocked]:
        return [Stocked(each.id, each.name, each.free) for each in self._inventory.products()]


def _sales(product_id: str, days: dict[date, int], until: date) -> Sales:
    first = min(days)
    a_day = [days.get(first + timedelta(days=at), 0) for at in range((until - first).days)]
    return Sales(product_id, first, tuple(map(float, a_day)))
