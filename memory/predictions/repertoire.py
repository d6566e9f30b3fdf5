"""Which products customers have bought, how often and how lately."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory.predictions.rhythm import Floats, Ints

HALF_LIVES = (14, 90)
"""Days after which a purchase counts half: for what somebody buys just now, and for what they buy at all."""


@dataclass(frozen=True)
class Lines:
    """One row a product bought, in any order. customer, product: numbers from 0 on; day: a whole one."""

    customer: Ints
    day: Ints
    product: Ints

    def before(self, day: int) -> "Lines":
        return self.take(self.day < day)

    def between(self, day: int, end: int) -> "Lines":
        return self.take((self.day >= day) & (self.day < end))

    def take(self, keep: NDArray[np.bool_]) -> "Lines":
        return Lines(self.customer[keep], self.day[keep], self.product[keep])


@dataclass(frozen=True)
class Repertoire:
    """One row a customer and product, ordered by both.

    count: times bought; lately, habit: the same, each time halved after 14 and 90 days; last: days ago.
    """

    customers: int
    customer: Ints
    product: Ints
    count: Floats
    lately: Floats
    habit: Floats
    last: Floats

    def table(self, values: Floats, *, products: int) -> NDArray[np.float32]:
        """(customers, products), 0 for what was never bought."""
        table = np.zeros((self.customers, products), np.float32)
        table[self.customer, self.product] = values
        return table


def repertoire(lines: Lines, *, today: int, customers: int, products: int) -> Repertoire:
    """As of the morning of `today`."""
    past = lines.before(today)
    cells, cell = np.unique(past.customer * products + past.product, return_inverse=True)
    ago = (today - past.day).astype(np.float64)
    lately, habit = (
        np.bincount(cell, 0.5 ** (ago / days), len(cells)).astype(np.float64) for days in HALF_LIVES
    )
    last = np.full(len(cells), np.inf)
    np.minimum.at(last, cell, ago)
    count = np.bincount(cell, minlength=len(cells)).astype(np.float64)
    return Repertoire(customers, cells // products, cells % products, count, lately, habit, last)
