"""What customers will buy again, and what is new to them that they may like.

New products are found by EASE (Steck, 2019): how much having one product speaks for each other one. Where
few have bought a product yet, those that share its effects and flavours speak for it.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from memory.predictions.repertoire import Lines, Repertoire, repertoire
from memory.predictions.rhythm import Floats, Ints

Matrix = NDArray[np.float32]

SHELF = 10
AHEAD_DAYS = 28
RIDGE_SHARE = 1 / 3
"""Of the customers, by which EASE is held back: each product alone is as good as bought by them."""
ALIKE = 5
"""Products that speak for one that is new."""
FEW_BUYERS = 20
"""As much as the products alike say counts beside what the buyers of a product show."""
LEAST_REPEATS = 50
ONLY_HABIT = (0.0, 0.0, 1.0, 0.0)
FLOOR = 1e-3


@dataclass(frozen=True)
class Tastes:
    """pull: (products, products), how much having the row speaks for the column; shares are of customers.

    repeated: the share of its buyers who bought it more than once; bought: of all customers, at least once.
    again: what count, lately, habit and repeated say of buying again; hits: how often that came true.
    """

    products: tuple[str, ...]
    pull: Matrix
    repeated: Floats
    bought: Floats
    again: tuple[float, ...]
    hits: float

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        return {product_id: number for number, product_id in enumerate(self.products)}

    def again_scores(self, own: Repertoire) -> Floats:
        """One for each row, larger for what is bought again sooner."""
        return np.asarray(_habits(own, self.repeated) @ np.array(self.again))

    def new_scores(self, own: Repertoire) -> Matrix:
        """(customers, products); -inf for what they have had, popularity where nothing is known."""
        had = own.table(np.minimum(own.habit, 1.0), products=len(self.products))
        scores = had @ self.pull + np.float32(1e-6) * self.bought.astype(np.float32)
        scores[own.customer, own.product] = -np.inf
        return np.asarray(scores)

    def because(self, own: Repertoire, product: int) -> int | None:
        """The product in the repertoire of one customer that speaks most for another; None when none does."""
        spoken = np.minimum(own.habit, 1.0) * self.pull[own.product, product]
        return int(own.product[spoken.argmax()]) if len(spoken) and spoken.max() > 0 else None

    def to_bytes(self) -> bytes:
        packed = io.BytesIO()
        names = np.array(self.products, dtype=np.str_)
        np.savez_compressed(
            packed,
            products=names,
            pull=self.pull.astype(np.float16),
            repeated=self.repeated,
            bought=self.bought,
            again=np.array(self.again),
            hits=self.hits,
        )
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Tastes":
        with np.load(io.BytesIO(packed), allow_pickle=False) as held:
            return cls(
                products=tuple(held["products"].tolist()),
                pull=held["pull"].astype(np.float32),
                repeated=held["repeated"],
                bought=held["bought"],
                again=tuple(held["again"].tolist()),
                hits=float(held["hits"]),
            )


def fit_tastes(
    lines: Lines, products: Sequence[str], *, traits: Mapping[str, frozenset[str]], today: int
) -> Tastes:
    """From what was bought before `today`; products are numbered by their place in `products`."""
    customers, count = 1 + int(lines.customer.max(initial=-1)), len(products)
    own = repertoire(lines, today=today, customers=customers, products=count)
    buyers = np.bincount(own.product, minlength=count)
    repeats = np.bincount(own.product[own.count > 1], minlength=count)
    repeated = repeats / np.maximum(buyers, 1)
    again, hits = _fit_again(lines, repeated, today=today, customers=customers)
    return Tastes(
        products=tuple(products),
        pull=_with_newcomers(_ease(own, count), buyers, [traits.get(each, frozenset()) for each in products]),
        repeated=repeated,
        bought=buyers / max(customers, 1),
        again=again,
        hits=hits,
    )


def _habits(own: Repertoire, repeated: Floats) -> Floats:
    return np.column_stack(
        [
            np.log1p(own.count),
            np.log(own.lately + FLOOR),
            np.log(own.habit + FLOOR),
            np.log(repeated[own.product] + FLOOR),
        ]
    )


def _fit_again(
    lines: Lines, repeated: Floats, *, today: int, customers: int
) -> tuple[tuple[float, ...], float]:
    """By what was bought again lately; and of those who came, the share that such a shelf had served."""
    from sklearn.linear_model import LogisticRegression

    products, then = len(repeated), today - AHEAD_DAYS
    own = repertoire(lines, today=then, customers=customers, products=products)
    after = lines.between(then, today)
    cells = np.unique(after.customer * products + after.product)
    came_true = np.isin(own.customer * products + own.product, cells)
    if came_true.sum() < LEAST_REPEATS or came_true.all():
        return ONLY_HABIT, 0.0
    habits = _habits(own, repeated)
    spread = np.maximum(habits.std(axis=0), FLOOR)
    fitted = LogisticRegression(max_iter=500).fit((habits - habits.mean(axis=0)) / spread, came_true)
    weights = fitted.coef_[0] / spread
    on_shelf = first_of_each(own.customer, habits @ weights, SHELF)
    served = np.unique(own.customer[on_shelf & came_true])
    came = np.intersect1d(own.customer, after.customer)
    return tuple(weights.tolist()), len(served) / len(came)


def first_of_each(group: Ints, score: Floats, most: int) -> NDArray[np.bool_]:
    """The rows with the largest scores of each group; the rows are ordered by group."""
    order = np.lexsort((-score, group))
    starts = np.searchsorted(group, group)
    first = np.empty(len(group), dtype=bool)
    first[order] = np.arange(len(group)) - starts < most
    return first


def _ease(own: Repertoire, products: int) -> Matrix:
    from scipy.sparse import csr_array

    had = csr_array((np.ones(len(own.product)), (own.customer, own.product)), shape=(own.customers, products))
    gram = (had.T @ had).toarray()
    gram[np.diag_indices(products)] += max(1.0, RIDGE_SHARE * own.customers)
    inverse = np.linalg.inv(gram)
    pull = -inverse / np.diag(inverse)
    pull[np.diag_indices(products)] = 0.0
    return np.asarray(pull, np.float32)


def _with_newcomers(pull: Matrix, buyers: Ints, traits: Sequence[frozenset[str]]) -> Matrix:
    names = {name: number for number, name in enumerate(sorted(frozenset().union(*traits)))}
    if not names:
        return pull
    has = np.zeros((len(traits), len(names)), np.float32)
    for row, each in enumerate(traits):
        has[row, [names[name] for name in each]] = 1.0
    alike = has @ has.T
    sizes = np.sqrt(np.maximum(has.sum(axis=1), 1.0))
    alike /= np.outer(sizes, sizes)
    alike[np.diag_indices(len(traits))] = 0.0
    alike *= (buyers >= FEW_BUYERS)[:, None]
    alike[alike < np.sort(alike, axis=0)[-ALIKE:][0]] = 0.0
    itself = np.diag(pull.max(axis=0, initial=0.0))
    theirs = (pull + itself) @ (alike / np.maximum(alike.sum(axis=0), 1.0))
    shown = (buyers / (buyers + FEW_BUYERS)).astype(np.float32)
    mixed = shown * pull + (1 - shown) * theirs
    mixed[np.diag_indices(len(traits))] = 0.0
    return np.asarray(mixed, np.float32)
