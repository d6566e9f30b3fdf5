"""Two shelves for a customer: what they will buy again, and what is new to them, each with its reason."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import numpy as np

from memory.predictions.models import Shelves, Suggestion
from memory.predictions.ports import ShopProduct
from memory.predictions.repertoire import Lines, Repertoire, repertoire
from memory.predictions.tastes import SHELF, Tastes

Bought = Sequence[tuple[date, Sequence[str]]]
"""Days and the products bought on them."""


def shelves(
    tastes: Tastes,
    bought: Bought,
    catalogue: Mapping[str, ShopProduct],
    *,
    offered: Collection[str],
    today: date,
    most: int = SHELF,
) -> Shelves:
    """The best first; only what is offered, and nothing that is in the catalogue no more."""
    own = _own(tastes, bought, today=today)
    sold = np.array([each in catalogue and each in offered for each in tastes.products], dtype=bool)
    score = tastes.again_scores(own)
    again = [int(row) for row in np.argsort(-score, kind="stable") if sold[own.product[row]]][:most]
    fresh = np.where(sold, tastes.new_scores(own)[0], -np.inf)
    new = [int(each) for each in np.argsort(-fresh, kind="stable")[:most] if np.isfinite(fresh[each])]

    def suggestion(product: int, reason: str) -> Suggestion:
        product_id = tastes.products[product]
        return Suggestion(product_id, catalogue[product_id].name, reason)

    return Shelves(
        again=tuple(suggestion(int(own.product[row]), _why_again(own, row)) for row in again),
        discover=tuple(suggestion(each, _why_new(tastes, own, each, catalogue)) for each in new),
    )


def _own(tastes: Tastes, bought: Bought, *, today: date) -> Repertoire:
    """What was bought of a product on one day counts once for each piece, and today's as yesterday's."""
    numbers = tastes.numbers
    cells = [
        (min(day.toordinal(), today.toordinal() - 1), numbers[product_id])
        for day, products in bought
        for product_id in products
        if product_id in numbers
    ]
    day, product = np.array(cells, np.int64).reshape(-1, 2).T
    lines = Lines(np.zeros(len(cells), np.int64), day, product)
    return repertoire(lines, today=today.toordinal(), customers=1, products=len(tastes.products))


def _why_again(own: Repertoire, row: int) -> str:
    count, days = int(own.count[row]), int(own.last[row])
    times = {1: "once", 2: "twice"}.get(count, f"{count} times")
    return f"You bought it {times}, last {'yesterday' if days == 1 else f'{days} days ago'}."


def _why_new(tastes: Tastes, own: Repertoire, product: int, catalogue: Mapping[str, ShopProduct]) -> str:
    speaks = tastes.because(own, product)
    known = None if speaks is None else catalogue.get(tastes.products[speaks])
    if known is None:
        return "Many of our customers buy it."
    shared = sorted(catalogue[tastes.products[product]].traits & known.traits)
    alike = f" Like it, it stands for {' and '.join(shared)}." if shared else ""
    return f"Customers who buy {known.name}, as you do, often buy it.{alike}"
