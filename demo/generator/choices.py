"""What customers put in the basket: something they had before, or what their taste leads them to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.generator.catalogue import Item
from demo.generator.config import ShopConfig, Stage
from demo.generator.people import People
from demo.generator.segments import TASTES
from demo.generator.visits import Visits

EXTRA_LINES = 1.1
TASTE_WEIGHT = 8.0
STOCK_OUT_DAYS = 10
SECOND_PIECE = 0.15


class Shelf:
    """The catalogue as arrays, one row a product; traits are (products, 14)."""

    def __init__(self, items: Sequence[Item], config: ShopConfig) -> None:
        self.items = items
        traits = [[float(t in item.effects or t in item.flavours) for t in TASTES] for item in items]
        self.traits = np.array(traits, dtype=np.float32)
        self.price_cents = np.array([item.price_cents for item in items])
        self.popularity = np.array([item.popularity for item in items], dtype=np.float32)
        self._launched = np.array([item.launched * config.days for item in items])
        gone = [np.inf if item.withdrawn is None else item.withdrawn * config.days for item in items]
        self._withdrawn = np.array(gone)
        rng = config.stream(Stage.CALENDAR)
        self._outage = np.full(len(items), -np.inf)
        out = rng.permutation(len(items))[: config.stock_outs]
        self._outage[out] = rng.uniform(0, config.days, len(out))

    def on_sale(self, product: NDArray[np.int64], at: NDArray[np.float64] | float) -> NDArray[np.bool_]:
        sold: NDArray[np.bool_] = (self._launched[product] <= at) & (at < self._withdrawn[product])
        return sold

    def missing(self, product: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.bool_]:
        since = at - self._outage[product]
        missing: NDArray[np.bool_] = (since >= 0) & (since < STOCK_OUT_DAYS)
        return missing

    def appeal(self, people: People) -> NDArray[np.float32]:
        """exp(utility) of every product for every customer, not normalised: (customers, products)."""
        utility = people.tastes @ (TASTE_WEIGHT * self.traits.T)
        utility -= people.price_weight[:, None] * (self.price_cents / 1000).astype(np.float32)
        np.exp(utility, out=utility)
        utility *= self.popularity
        return utility


@dataclass(frozen=True)
class Lines:
    """In order of visit. visit: row in Visits; product: row on the shelf; lost: wanted but out of stock."""

    visit: NDArray[np.int64]
    product: NDArray[np.int64]
    quantity: NDArray[np.int64]
    lost: NDArray[np.bool_]

    def take(self, keep: NDArray[np.bool_]) -> "Lines":
        return Lines(self.visit[keep], self.product[keep], self.quantity[keep], self.lost[keep])


def fill(
    config: ShopConfig,
    people: People,
    visits: Visits,
    *,
    shelf: Shelf,
    shard: int,
    appeal: NDArray[np.float32],
) -> Lines:
    rng = config.stream(Stage.CHOICES, shard)
    counts = 1 + rng.poisson(EXTRA_LINES * people.basket[visits.customer])
    visit = np.repeat(np.arange(len(visits)), counts)
    customer, at = visits.customer[visit], visits.at[visit]
    repeated = _earlier_lines(customer, rng.random((2, len(visit))), people.repeats[customer])
    draws = _ProductDraw(appeal, shelf, rng)
    product = draws.draw(customer, at)
    product = product[_roots(repeated)]
    while len(stale := np.flatnonzero(~shelf.on_sale(product, at))):
        repeated[stale] = stale
        product[stale] = draws.draw(customer[stale], at[stale])
        product = product[_roots(repeated)]
    quantity = 1 + (rng.random(len(visit)) < SECOND_PIECE)
    return Lines(visit, product, quantity, shelf.missing(product, at))


class _ProductDraw:
    """Draws from each customer's own distribution over what is on sale that day."""

    def __init__(self, appeal: NDArray[np.float32], shelf: Shelf, rng: np.random.Generator) -> None:
        self._shelf = shelf
        self._rng = rng
        self._products = appeal.shape[1]
        cumulative = np.cumsum(appeal, axis=1, dtype=np.float64)
        cumulative /= cumulative[:, -1:]
        cumulative += np.arange(len(cumulative))[:, None]
        self._cumulative = cumulative.ravel()

    def draw(self, customer: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.int64]:
        product = self._any(customer)
        while len(unsold := np.flatnonzero(~self._shelf.on_sale(product, at))):
            product[unsold] = self._any(customer[unsold])
        return product

    def _any(self, customer: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row c of the table holds (c, c + 1], so one search serves all customers."""
        place = np.searchsorted(self._cumulative, customer + self._rng.random(len(customer)), side="right")
        product: NDArray[np.int64] = np.minimum(place - customer * self._products, self._products - 1)
        return product


def _earlier_lines(
    customer: NDArray[np.int64], uniform: NDArray[np.float64], repeats: NDArray[np.float64]
) -> NDArray[np.int64]:
    """For each line the earlier line of the same customer that it repeats, or itself: an urn of one's own."""
    row = np.arange(len(customer))
    first = np.concatenate([[True], customer[1:] != customer[:-1]])
    start = np.maximum.accumulate(np.where(first, row, 0))
    earlier = start + (uniform[1] * (row - start)).astype(np.int64)
    return np.where((uniform[0] < repeats) & ~first, earlier, row)


def _roots(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """The line at the end of each chain of repeats."""
    root = parent
    while not np.array_equal(further := root[root], root):
        root = further
    return root
