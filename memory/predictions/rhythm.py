"""How often, how lately and for how much customers buy: a few numbers each, all that the models read."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Purchases:
    """One row a purchase, in any order. day: whole days since some day; spent: in cents."""

    customer: Ints
    day: Ints
    spent: Floats

    def __len__(self) -> int:
        return len(self.customer)

    def since(self, day: int) -> "Purchases":
        return self._take(self.day >= day)

    def before(self, day: int) -> "Purchases":
        return self._take(self.day < day)

    def _take(self, keep: NDArray[np.bool_]) -> "Purchases":
        return Purchases(self.customer[keep], self.day[keep], self.spent[keep])


@dataclass(frozen=True)
class Rhythms:
    """One row a customer, as of one day; what is bought on the same day counts once.

    frequency: days of buying after the first; recency: days from the first to the last;
    age: days from the first until now; basket: cents spent on a day of buying.
    """

    customer: Ints
    frequency: Floats
    recency: Floats
    age: Floats
    basket: Floats

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def silence(self) -> Floats:
        """Days since the last purchase."""
        return self.age - self.recency

    def take(self, keep: NDArray[np.bool_] | Ints | slice) -> "Rhythms":
        return Rhythms(*(getattr(self, each.name)[keep] for each in fields(self)))


def rhythms(purchases: Purchases, *, today: int) -> Rhythms:
    """Of everybody who bought before `today`, ordered by customer."""
    past = purchases.before(today)
    order = np.lexsort((past.day, past.customer))
    customer, day, spent = past.customer[order], past.day[order], past.spent[order]
    is_first = np.diff(customer, prepend=-1) != 0 if len(customer) else np.empty(0, bool)
    starts = np.flatnonzero(is_first)
    if not len(starts):
        return Rhythms(np.empty(0, np.int64), *(np.empty(0) for _ in range(4)))
    is_new_day = is_first | (np.diff(day, prepend=-1) != 0)
    days = np.add.reduceat(is_new_day.astype(np.int64), starts)
    ends = np.append(starts[1:], len(day)) - 1
    return Rhythms(
        customer=customer[starts],
        frequency=(days - 1).astype(np.float64),
        recency=(day[ends] - day[starts]).astype(np.float64),
        age=(today - day[starts]).astype(np.float64),
        basket=np.add.reduceat(spent, starts) / days,
    )


@dataclass(frozen=True)
class Outcomes:
    """What the customers of some rhythms did in the days that followed, one row each.

    purchases: days of buying; first: days until the first of them, infinite without one; spent: in cents.
    """

    purchases: Floats
    first: Floats
    spent: Floats


def outcomes(purchases: Purchases, past: Rhythms, *, today: int, days: int) -> Outcomes:
    """In [today, today + days), of customers already known; `past` is ordered by customer."""
    later = purchases.since(today).before(today + days)
    row = np.searchsorted(past.customer, later.customer)
    known = row < len(past)
    known[known] = past.customer[row[known]] == later.customer[known]
    row, day, spent = row[known], later.day[known] - today, later.spent[known]
    bought, first = np.zeros(len(past)), np.full(len(past), np.inf)
    np.add.at(bought, np.unique(row * days + day) // days, 1.0)
    np.minimum.at(first, row, day)
    total = np.zeros(len(past))
    np.add.at(total, row, spent)
    return Outcomes(bought, first, total)
