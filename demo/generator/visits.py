"""When customers come: gaps at their own rate, bent by the calendar, until they leave for good.

BG/NBD (Fader, Hardie and Lee 2005) in a customer's own time: gaps are drawn there and carried to the calendar
through the area under the season, the shock and the membership, which is exact where thinning would discard.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from demo.generator.config import ShopConfig, Stage
from demo.generator.people import People

COMPLAINT_RATE = 0.03
JOIN_HAZARD = 1 / 1500
"""A day, at the average rate; it rises with the customer's own."""
WEEKDAYS = np.array([0.80, 0.82, 0.90, 0.98, 1.25, 1.35, 0.90])
"""Monday to Sunday, mean 1."""
HOLIDAYS = {(4, 20): 1.9, (7, 3): 1.4, (11, 27): 1.6, (12, 23): 1.7, (12, 24): 1.4, (12, 25): 0.2}


@dataclass(frozen=True)
class Visits:
    """In order of customer and time. customer: row in People; at: days; complained: about this very visit."""

    customer: NDArray[np.int64]
    at: NDArray[np.float64]
    complained: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, keep: NDArray[np.bool_]) -> "Visits":
        return Visits(self.customer[keep], self.at[keep], self.complained[keep])


@dataclass(frozen=True)
class Lives:
    """One row a customer; a day is infinite for what never happened.

    died: the last visit of one who left for good; joined: the day a member became one.
    """

    died: NDArray[np.float64]
    joined: NDArray[np.float64]


class Calendar:
    """Days on the calendar against days of the customers' own time."""

    def __init__(self, config: ShopConfig) -> None:
        days = np.arange(config.days)
        weekday = (config.starts_at.weekday() + days) % 7
        pace = 1 + config.season * (WEEKDAYS[weekday] - 1)
        first = config.starts_at.toordinal()
        dates = [date.fromordinal(first + day) for day in range(config.days)]
        feast = np.array([HOLIDAYS.get((each.month, each.day), 1.0) for each in dates])
        pace *= 1 + config.season * (feast - 1)
        pace *= config.days / pace.sum()
        if config.shock is not None:
            pace[(days >= config.shock.from_day) & (days < config.shock.to_day)] *= config.shock.factor
        self._days = np.arange(config.days + 1, dtype=float)
        self._own = np.concatenate([[0.0], np.cumsum(pace)])
        self._uplift = config.membership_uplift

    def own_time(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        own: NDArray[np.float64] = np.interp(at, self._days, self._own)
        return own

    def calendar(self, own: NDArray[np.float64], joins_own: NDArray[np.float64]) -> NDArray[np.float64]:
        """Days on the calendar, infinite after the window; a member's own time runs faster."""
        plain = np.where(own > joins_own, joins_own + (own - joins_own) / self._uplift, own)
        at: NDArray[np.float64] = np.interp(plain, self._own, self._days, right=np.inf)
        return at


def simulate(config: ShopConfig, people: People, *, shard: int, calendar: Calendar) -> tuple[Visits, Lives]:
    rng = config.stream(Stage.VISITS, shard)
    would_join = people.acquired + rng.exponential(config.typical_rate / (JOIN_HAZARD * people.rate))
    joins_own = calendar.own_time(would_join)
    own = calendar.own_time(people.acquired)
    died = np.full(len(people), np.inf)
    active = np.arange(len(people))
    upset = rng.random(len(people)) < COMPLAINT_RATE
    rounds = [Visits(active, people.acquired, upset.copy())]
    while len(active):
        own[active] += rng.gamma(config.regularity, 1 / (config.regularity * people.rate[active]))
        at = calendar.calendar(own[active], joins_own[active])
        active, at = active[at < config.days], at[at < config.days]
        complained = rng.random(len(active)) < COMPLAINT_RATE
        rounds.append(Visits(active, at, complained))
        upset[active] |= complained
        leave = people.leave[active] * np.where(upset[active], config.complaint_factor, 1.0)
        leaves = rng.random(len(active)) < leave
        died[active[leaves]] = at[leaves]
        active = active[~leaves]
    joined = np.where(would_join < np.minimum(died, config.days), would_join, np.inf)
    return _in_order(rounds), Lives(died, joined)


def _in_order(rounds: list[Visits]) -> Visits:
    """By customer; the rounds are already in order of time."""
    customer = np.concatenate([each.customer for each in rounds])
    order = np.argsort(customer, kind="stable")
    at = np.concatenate([each.at for each in rounds])
    complained = np.concatenate([each.complained for each in rounds])
    return Visits(customer[order], at[order], complained[order])
