"""Three hundred hemp products that do not exist, with believable names and honest labels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from demo.generator.config import Stage, stream
from demo.generator.segments import EFFECTS
from demo.generator.shelf import (
    ACCESSORIES,
    ALONGSIDE,
    BLENDS,
    BRANDS,
    FAMILIES,
    FLAVOUR_LEANINGS,
    PURPOSES,
    Family,
)

ZIPF = 0.9
LAUNCHED_LATE, WITHDRAWN = 12, 8
OUT_OF_STOCK, RUNNING_LOW = 0.03, 0.10
ENDINGS = (0, 0, 50, 99)
"""Cents that prices end in."""


@dataclass(frozen=True)
class Item:
    """A product as the shop buys and sells it; milligrams are those of the whole package.

    launched and withdrawn are shares of the shop's window: 0.8 is after four fifths of it.
    """

    id: str
    sku: str
    name: str
    brand: str
    category: str
    description: str
    effects: tuple[str, ...]
    flavours: tuple[str, ...]
    cbd_mg: int
    thc_mg: int
    price_cents: int
    cost_cents: int
    lead_time_days: int
    stock: int
    popularity: float = 0.0
    launched: float = 0.0
    withdrawn: float | None = None

    @property
    def short_name(self) -> str:
        """As people say it, without the size."""
        return self.name.partition(",")[0]

    @property
    def is_sold(self) -> bool:
        return self.withdrawn is None


@dataclass(frozen=True)
class _Label:
    """What the package says, before the shop puts a price and a number on it."""

    name: str
    brand: str
    category: str
    description: str
    dollars: tuple[int, int]
    effects: tuple[str, ...] = ()
    flavours: tuple[str, ...] = ()
    cbd_mg: int = 0
    thc_mg: int = 0


def products(seed: int) -> list[Item]:
    """The catalogue, ordered by id."""
    rng = stream(seed, Stage.CATALOGUE)
    labels = [label for family in FAMILIES for label in _blends(family, rng)] + list(_accessories(rng))
    items = [_priced(label, number, rng) for number, label in enumerate(labels, start=1)]
    return _placed_in_time(items, rng)


def _blends(family: Family, rng: np.random.Generator) -> Iterator[_Label]:
    """Effects take turns, so that each has its share of every family."""
    rows = {effect: rng.permutation(len(BLENDS[effect])) for effect in family.effects}
    for number in range(family.products):
        round_, turn = divmod(number, len(family.effects))
        effect = family.effects[turn]
        blend = int(rows[effect][round_ % len(BLENDS[effect])])
        form = family.formats[(number + round_ + round_ // len(rows[effect])) % len(family.formats)]
        name = BLENDS[effect][blend]
        flavours = _flavours(family.category, rng)
        sense = "Scent" if family.category == "topical" else "Flavor"
        yield _Label(
            name=f"{name} {form.noun}",
            brand=BRANDS[(blend * 5 + EFFECTS.index(effect)) % len(BRANDS)],
            category=family.category,
            description=f"{form.says}, {PURPOSES[effect]}. {sense}: {' and '.join(flavours)}.",
            dollars=form.dollars,
            effects=_effects(effect, rng),
            flavours=flavours,
            cbd_mg=_rounded(form.cbd_mg, rng),
            thc_mg=_rounded(form.thc_mg, rng),
        )


def _effects(primary: str, rng: np.random.Generator) -> tuple[str, ...]:
    also = [effect for effect in ALONGSIDE[primary] if rng.random() < 0.35]  # noqa: PLR2004
    return (primary, *also[:1])


def _flavours(category: str, rng: np.random.Generator) -> tuple[str, ...]:
    leanings = FLAVOUR_LEANINGS[category]
    weights = np.arange(len(leanings), 0, -1, dtype=float)
    count = int(rng.integers(1, 3))
    chosen = rng.choice(len(leanings), size=count, replace=False, p=weights / weights.sum())
    return tuple(leanings[index] for index in chosen)


def _accessories(rng: np.random.Generator) -> Iterator[_Label]:
    for noun, (says, variants, dollars) in ACCESSORIES.items():
        for variant in variants:
            brand = BRANDS[int(rng.integers(len(BRANDS)))]
            yield _Label(f"{variant} {noun}", brand, "accessory", f"{says}.", dollars)


def _rounded(between: tuple[int, int], rng: np.random.Generator) -> int:
    """A round number in the range: tens from 50 up."""
    drawn = int(rng.integers(between[0], between[1] + 1))
    return drawn if between[1] < 50 else 10 * round(drawn / 10)  # noqa: PLR2004


def _priced(label: _Label, number: int, rng: np.random.Generator) -> Item:
    price = 100 * int(rng.integers(label.dollars[0], label.dollars[1])) + int(rng.choice(ENDINGS))
    shelf = rng.random()
    ample = int(rng.integers(12, 160))
    low = int(rng.integers(1, 6))
    stock = 0 if shelf < OUT_OF_STOCK else low if shelf < OUT_OF_STOCK + RUNNING_LOW else ample
    return Item(
        id=f"prd_{number:03d}",
        sku=f"{label.category[:3].upper()}-{number:04d}",
        name=label.name,
        brand=label.brand,
        category=label.category,
        description=label.description,
        effects=label.effects,
        flavours=label.flavours,
        cbd_mg=label.cbd_mg,
        thc_mg=label.thc_mg,
        price_cents=price,
        cost_cents=round(price * float(rng.uniform(0.38, 0.62))),
        lead_time_days=int(rng.integers(4, 29)),
        stock=stock,
    )


def _placed_in_time(items: list[Item], rng: np.random.Generator) -> list[Item]:
    """With Zipf popularity; some come late to the shelf, others leave it."""
    ranks = rng.permutation(len(items)) + 1
    moved = rng.permutation(len(items))[: LAUNCHED_LATE + WITHDRAWN].tolist()
    placed = [replace(item, popularity=float(rank**-ZIPF)) for item, rank in zip(items, ranks, strict=True)]
    for number in moved[:LAUNCHED_LATE]:
        placed[number] = replace(placed[number], launched=float(rng.uniform(0.6, 0.95)))
    for number in moved[LAUNCHED_LATE:]:
        placed[number] = replace(placed[number], withdrawn=float(rng.uniform(0.4, 0.9)), stock=0)
    return placed
