"""What really drives each customer, for graders alone: no engine under test reads it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.generator.choices import Lines, Shelf
from demo.generator.config import ShopConfig
from demo.generator.people import People
from demo.generator.visits import Visits

TOP = 10


@dataclass(frozen=True)
class Oracle:
    """Rows on the shelf, best first, (customers, 10), of what is on sale at the end of the window.

    next: what the next line will most likely be; new: the same among what the customer never had.
    """

    next: NDArray[np.int64]
    new: NDArray[np.int64]


def oracle(
    config: ShopConfig,
    people: People,
    visits: Visits,
    *,
    lines: Lines,
    shelf: Shelf,
    appeal: NDArray[np.float32],
) -> Oracle:
    """By the generator's own distribution: the urn of past lines for their share of repeats, else taste."""
    customers, products = appeal.shape
    sold = shelf.on_sale(np.arange(products), np.nextafter(config.days, 0))
    wish = appeal * sold
    wish /= wish.sum(axis=1, keepdims=True)
    cell = visits.customer[lines.visit] * products + lines.product
    urn = np.bincount(cell, minlength=appeal.size).reshape(customers, products).astype(np.float32)
    new = _top(np.where(urn == 0, wish, -1))
    urn *= sold
    share = people.repeats[:, None].astype(np.float32)
    had = urn.sum(axis=1, keepdims=True)
    urn *= share / np.maximum(had, 1)
    urn += np.where(had > 0, 1 - share, 1) * wish
    return Oracle(next=_top(urn), new=new)


def _top(score: NDArray[np.float32]) -> NDArray[np.int64]:
    best = np.argpartition(-score, TOP, axis=1)[:, :TOP]
    order = np.argsort(-np.take_along_axis(score, best, axis=1), axis=1, kind="stable")
    ranked: NDArray[np.int64] = np.take_along_axis(best, order, axis=1)
    return ranked
