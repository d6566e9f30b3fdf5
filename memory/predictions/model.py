"""What to expect of each customer within a horizon: whether they buy, when, how often and for how much."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from memory.predictions.chance import Chance, fit_chance
from memory.predictions.repeat import Repeat, fit_repeat
from memory.predictions.rhythm import Floats, Outcomes, Purchases, Rhythms, outcomes, rhythms

LEAST_CUSTOMERS = 30
COVERAGE = 0.8
"""Of those who do buy, the share who do so within the days named."""
NOMINAL = ((1 - COVERAGE) / 2, 0.5, (1 + COVERAGE) / 2)
NOON = 0.5
"""Who buys on a day does so halfway through it, for a model whose time has no steps."""


@dataclass(frozen=True)
class Foresight:
    """One row a customer. chance: to buy within the horizon; purchases and spend: expected in it, in cents.

    first, middle, last: days from today, should they buy; the interval is [first, last].
    """

    chance: Floats
    purchases: Floats
    spend: Floats
    first: Floats
    middle: Floats
    last: Floats


@dataclass(frozen=True)
class Model:
    """`chance` is None where too little is known of how customers went on."""

    horizon: int
    repeat: Repeat
    chance: Chance | None
    trust: float
    """The share of `chance` in what is said; the rest is the rhythm's."""
    levels: tuple[float, float, float]
    """Where in the model's own distribution the interval begins, halves and ends."""
    spend_accuracy: float
    """How near the expected spend came at an earlier time, between 0 and 1."""

    def foresee(self, past: Rhythms) -> Foresight:
        """The chance lies between two views that err differently.

        Counts and money are scaled halfway from the one to the other, which keeps their sums right.
        """
        by_rhythm = self.repeat.comes_back(past, self.horizon)
        learnt = by_rhythm if self.chance is None else self.chance.within(past, self.horizon)
        halfway = (1 + learnt / np.maximum(by_rhythm, 1e-12)) / 2
        bought = self.repeat.expected(past, self.horizon) * halfway
        low, middle, high = (
            self.repeat.days_until(past, level, horizon=self.horizon) for level in self.levels
        )
        first = np.ceil(low - NOON)
        last = np.maximum(first, np.floor(high - NOON))
        return Foresight(
            chance=by_rhythm + self.trust * (learnt - by_rhythm),
            purchases=bought,
            spend=bought * past.basket,
            first=first,
            middle=np.clip(np.floor(middle), first, last),
            last=last,
        )

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Model":
        chance = document["chance"]
        return cls(
            horizon=document["horizon"],
            repeat=Repeat(**document["repeat"]),
            chance=chance and Chance(tuple(chance["weights"]), chance["intercept"], chance["days"]),
            trust=document["trust"],
            levels=tuple(document["levels"]),
            spend_accuracy=document["spend_accuracy"],
        )


def fit_model(purchases: Purchases, *, today: int, horizon: int) -> Model | None:
    """From what was bought before `today`; None when too few customers are known.

    What the past cannot say of itself is learnt at an earlier day, from which half of it lies ahead at most.
    """
    known = purchases.before(today)
    past = rhythms(known, today=today)
    if len(past) < LEAST_CUSTOMERS:
        return None
    days = min(horizon, (today - int(known.day.min())) // 2)
    then = rhythms(known, today=today - days)
    after = outcomes(known, then, today=today - days, days=days)
    repeat = fit_repeat(past)
    if len(then) < LEAST_CUSTOMERS:
        return Model(horizon, repeat, None, 0.0, NOMINAL, spend_accuracy=0.0)
    chance, repeat_then = fit_chance(then, after, days=days), fit_repeat(then)
    trust = _trust(repeat_then, chance, then, after, days=days)
    earlier = Model(days, repeat_then, chance, trust, _levels(repeat_then, then, after, days=days), 0.0)
    accuracy = float(closeness(earlier.foresee(then).spend, after.spent).mean())
    return replace(earlier, horizon=horizon, repeat=repeat, spend_accuracy=accuracy)


def closeness(expected: Floats | float, actual: Floats | float) -> Floats:
    """1 where they agree, 0 where one is nothing beside the other."""
    return np.asarray(1 - np.abs(expected - actual) / np.maximum(np.maximum(expected, actual), 1.0))


def _trust(repeat: Repeat, chance: Chance | None, past: Rhythms, after: Outcomes, *, days: int) -> float:
    """Halfway between even and what would have had the least squared error at the earlier time.

    That alone would favour the chance, which was learnt from the same customers.
    """
    if chance is None:
        return 0.0
    by_rhythm = repeat.comes_back(past, days)
    apart = chance.within(past, days) - by_rhythm
    best = float(apart @ ((after.purchases > 0) - by_rhythm) / max(float(apart @ apart), 1e-12))
    return (0.5 + min(max(best, 0.0), 1.0)) / 2


def _levels(repeat: Repeat, past: Rhythms, after: Outcomes, *, days: int) -> tuple[float, float, float]:
    """Halfway between the model's own and those that would have been right at the earlier time.

    The latter alone (split conformal prediction) would carry over what was peculiar to that time.
    """
    came_back = after.purchases > 0
    if not came_back.any():
        return NOMINAL
    theirs = past.take(came_back)
    reached = repeat.within(theirs, after.first[came_back] + NOON) / repeat.within(theirs, days)
    low, middle, high = (np.quantile(reached, NOMINAL) + np.array(NOMINAL)) / 2
    return float(low), float(middle), float(min(high, 1.0))
