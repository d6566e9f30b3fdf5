"""A whole shop in memory, a shard of customers at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from demo.generator.catalogue import Item, products
from demo.generator.choices import Lines, Shelf, fill
from demo.generator.config import ShopConfig
from demo.generator.enrolment import TIER_PERCENT, Enrolment, draw_enrolment
from demo.generator.people import People, draw_people
from demo.generator.raffles import Entries, RafflePlan, enter, plans
from demo.generator.talk import Talks, draw_talks
from demo.generator.truth import Oracle, oracle
from demo.generator.visits import Calendar, Lives, Visits, simulate

OPENS_HOUR, OPEN_HOURS = 15, 9
"""In UTC: nine to six in Texas."""


@dataclass(frozen=True)
class Shard:
    """Customers and all they did.

    `visits` and `lines` are what the shop recorded: what was sold since the log began. What customers
    wanted, recorded or not, is in `wanted_visits` and `wanted_lines`.
    """

    number: int
    people: People
    lives: Lives
    enrolment: Enrolment
    visits: Visits
    lines: Lines
    entries: Entries
    talks: Talks
    wanted_visits: Visits
    wanted_lines: Lines
    oracle: Oracle

    def customer_id(self, row: int) -> str:
        return f"cus_{self.people.number[row]:08d}"

    def receipts(self, shelf: Shelf) -> "Receipts":
        """What each recorded visit came to, with the member's discount from the day they joined."""
        customer = self.visits.customer
        cents = shelf.price_cents[self.lines.product] * self.lines.quantity
        subtotal = np.bincount(self.lines.visit, weights=cents, minlength=len(customer)).astype(np.int64)
        is_member = self.lives.joined[customer] <= self.visits.at
        percent = np.where(is_member, TIER_PERCENT[self.enrolment.tier[customer]], 0)
        discount = (subtotal * percent + 50) // 100
        pieces = np.bincount(self.lines.visit, weights=self.lines.quantity, minlength=len(customer))
        return Receipts(subtotal, discount, subtotal - discount, pieces.astype(np.int64))


@dataclass(frozen=True)
class Receipts:
    """One row a recorded visit, in cents."""

    subtotal: NDArray[np.int64]
    discount: NDArray[np.int64]
    total: NDArray[np.int64]
    pieces: NDArray[np.int64]


class Shop:
    def __init__(self, config: ShopConfig) -> None:
        self.config = config
        self.items: Sequence[Item] = products(config.seed)
        self.raffles: Sequence[RafflePlan] = plans(config)
        self._calendar = Calendar(config)

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf(self.items, self.config)

    def shards(self) -> Iterator[Shard]:
        return map(self.shard, range(self.config.shards))

    def shard(self, number: int) -> Shard:
        """The same whichever shards were built before."""
        config, shelf = self.config, self.shelf
        people = draw_people(config, number)
        visits, lives = simulate(config, people, shard=number, calendar=self._calendar)
        appeal = shelf.appeal(people)
        lines = fill(config, people, visits, shelf=shelf, shard=number, appeal=appeal)
        enrolment = draw_enrolment(config, people, lives, shard=number)
        talks = draw_talks(config, people, visits, lines=lines, shelf=shelf, shard=number)
        recorded, sold = _recorded(config, visits, lines)
        return Shard(
            number=number,
            people=people,
            lives=lives,
            enrolment=enrolment,
            visits=recorded,
            lines=sold,
            entries=enter(config, people, lives, shard=number, enrolment=enrolment, plans=self.raffles),
            talks=talks.take(talks.at >= config.log_starts_at_day),
            wanted_visits=visits,
            wanted_lines=lines,
            oracle=oracle(config, people, visits, lines=lines, shelf=shelf, appeal=appeal),
        )


def _recorded(config: ShopConfig, visits: Visits, lines: Lines) -> tuple[Visits, Lines]:
    """What the shop saw: lines that were in stock, and visits that had one, since the log began."""
    kept = ~lines.lost & (visits.at[lines.visit] >= config.log_starts_at_day)
    seen = np.zeros(len(visits), dtype=bool)
    seen[lines.visit[kept]] = True
    place = np.cumsum(seen) - 1
    sold = lines.take(kept)
    return visits.take(seen), replace(sold, visit=place[sold.visit])


def moments(config: ShopConfig, at: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Days of the window as times in UTC, within opening hours and in the same order; NaT for never."""
    never = ~np.isfinite(at)
    day = np.floor(np.where(never, 0, at))
    hours = 24 * day + OPENS_HOUR + OPEN_HOURS * (np.where(never, 0, at) - day)
    start = np.datetime64(config.starts_at.replace(tzinfo=None), "us")
    times: NDArray[np.datetime64] = start + (hours * 3.6e9).astype("timedelta64[us]")
    times[never] = np.datetime64("NaT")
    return times


def moment(config: ShopConfig, at: float) -> datetime:
    """One finite day of the window as a time."""
    day = int(at // 1)
    return config.starts_at + timedelta(days=day, hours=OPENS_HOUR + OPEN_HOURS * (at - day))
