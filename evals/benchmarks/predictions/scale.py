"""Cost of the nightly fit and forecast for many customers, and of one customer's forecast."""

import resource
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import insert

from demo.generator.config import ShopConfig
from demo.generator.shop import Shop
from evals.benchmarks.predictions.synthetic import HORIZON, draw_purchases
from evals.environment import temporary_environment
from evals.report import Figure
from foundation.clock import Calendar, system_clock
from foundation.outbox import Outbox, Subscription
from foundation.sql import Ledger, open_ledger
from memory.predictions.model import fit_model
from memory.predictions.nightly import FITTED_ON, Nightly
from memory.predictions.ports import ShopProduct
from memory.predictions.purchases import PURCHASES, summarise_all
from memory.predictions.repertoire import Lines, repertoire
from memory.predictions.rhythm import Purchases, rhythms
from memory.predictions.service import Predictions
from memory.predictions.tastes import SHELF, Tastes, first_of_each, fit_tastes

KIB_A_GIB = 1 << 20
AT_ONCE = 25_000
IN_LEDGER, ASKED = 2_000, 300
WAREHOUSE = Subscription("warehouse", frozenset({"predictions"}))


def measure(seed: int, *, customers: int) -> dict[str, Figure]:
    """Purchases are drawn first; the cost is that of rhythms, both fits and all forecasts."""
    config = ShopConfig(seed=seed, customers=customers)
    purchases, lines = draw_purchases(config)
    names = [each.id for each in Shop(config).items]
    started = time.process_time()
    past = rhythms(purchases, today=config.days)
    some = purchases.customer < FITTED_ON
    sample = Purchases(purchases.customer[some], purchases.day[some], purchases.spent[some])
    model = fit_model(sample, today=config.days, horizon=HORIZON)
    if model is None:
        raise SystemExit(f"{customers} customers are too few.")
    fitted = time.process_time()
    seen = model.foresee(past)
    forecasted = time.process_time()
    tastes = fit_tastes(lines.take(lines.customer < FITTED_ON), names, traits={}, today=config.days)
    tastes_fitted = time.process_time()
    filled = _fill(tastes, lines, today=config.days, customers=customers)
    ended = time.process_time()
    return {
        "customers": len(seen.chance),
        "purchases": len(purchases),
        "products on shelves": filled,
        "rhythms and fit CPU s": fitted - started,
        "forecasting CPU s": forecasted - fitted,
        "tastes CPU s": tastes_fitted - forecasted,
        "shelves CPU s": ended - tastes_fitted,
        "CPU s": ended - started,
        "GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_A_GIB,
        **_one_customer(seed),
    }


def _fill(tastes: Tastes, lines: Lines, *, today: int, customers: int) -> int:
    """Both recommendation lists of all customers, in batches; the number of products in them.

    The lines are in order of customer.
    """
    products, filled = len(tastes.products), 0
    for start in range(0, customers, AT_ONCE):
        first, last = np.searchsorted(lines.customer, [start, start + AT_ONCE])
        own_lines = slice(first, last)
        theirs = Lines(lines.customer[own_lines] - start, lines.day[own_lines], lines.product[own_lines])
        count = min(AT_ONCE, customers - start)
        own = repertoire(theirs, today=today, customers=count, products=products)
        again = first_of_each(own.customer, tastes.again_scores(own), SHELF)
        scores = tastes.new_scores(own)
        shelf = np.argpartition(-scores, SHELF, axis=1)[:, :SHELF]
        filled += int(again.sum()) + shelf.size
    return filled


class _Storefront:
    def __init__(self, products: Sequence[ShopProduct]) -> None:
        self._products = products
        self._offered = frozenset(each.id for each in products)

    def products(self) -> Sequence[ShopProduct]:
        return self._products

    def offered_to(self, _customer_id: str) -> Collection[str]:
        return self._offered


def _one_customer(seed: int) -> dict[str, Figure]:
    """One forecast with its recommendations from a durable PostgreSQL, and the nightly cost a customer."""
    config = ShopConfig(seed=seed, customers=IN_LEDGER, ends_at=system_clock())
    shop = Shop(config)
    storefront = _Storefront(
        [
            ShopProduct(each.id, each.short_name, frozenset(each.effects + each.flavours))
            for each in shop.items
        ]
    )
    calendar = Calendar(ZoneInfo("America/Chicago"))
    with (
        temporary_environment(durable=True) as environment,
        closing(open_ledger(environment.settings.ledger)) as ledger,
    ):
        _remember(ledger, shop)
        outbox = Outbox(ledger, (WAREHOUSE,), now=calendar.now)
        predictions = Predictions(
            ledger, outbox, storefront, calendar=calendar, is_barred=lambda _customer_id: False
        )
        nightly = Nightly(ledger, predictions, storefront, calendar=calendar)
        version = nightly.fit()
        if version is None:
            raise SystemExit("There are too few customers to fit a model.")
        started = time.process_time()
        nightly.forecast(version)
        night = time.process_time() - started
        began = time.process_time()
        spent = [_timed(predictions, f"cus_{number:08d}") for number in range(ASKED)]
        thought = time.process_time() - began
    return {
        "first night in the ledger, CPU ms a customer": night * 1e3 / IN_LEDGER,
        "one customer CPU ms": thought * 1e3 / ASKED,
        "one customer ms p50": float(np.median(spent)),
        "one customer ms p99": float(np.percentile(spent, 99)),
    }


def _remember(ledger: Ledger, shop: Shop) -> None:
    shard = shop.shard(0)
    totals = shard.receipts(shop.shelf).total.tolist()
    ends = np.searchsorted(shard.lines.visit, np.arange(len(totals)), side="right").tolist()
    bought = [shop.items[each].id for each in shard.lines.product]
    rows = []
    for visit, customer in enumerate(shard.visits.customer.tolist()):
        at = shop.config.starts_at + timedelta(days=float(shard.visits.at[visit]))
        first = ends[visit - 1] if visit else 0
        rows.append(
            {
                "order_id": f"ord_{visit}",
                "customer_id": shard.customer_id(customer),
                "at": at,
                "day": at.date(),
                "amount_cents": totals[visit],
                "products": bought[first : ends[visit]],
            }
        )
    with ledger.transaction() as connection:
        connection.execute(insert(PURCHASES), rows)
        summarise_all(connection)


def _timed(predictions: Predictions, customer_id: str) -> float:
    started = time.perf_counter()
    predictions.forecast(customer_id)
    return (time.perf_counter() - started) * 1e3
