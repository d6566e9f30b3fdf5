"""The shop's raffles, three of them open today, and who took tickets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.generator.config import ShopConfig, Stage
from demo.generator.enrolment import Enrolment
from demo.generator.people import People
from demo.generator.visits import Lives

ENTERS, MEMBER_ENTERS = 0.07, 0.20
SMALLEST_DRAW = 400
CLOSES_IN_DAYS = (90.0, 60.0, 30.0)


@dataclass(frozen=True)
class RafflePlan:
    """Opens and closes are days of the window; an open raffle closes after its end."""

    id: str
    title: str
    prize: str
    ticket_cents: int
    max_tickets: int
    per_customer: int
    opens: float
    closes: float


@dataclass(frozen=True)
class Entries:
    """One row a purchase, by raffle and time. customer: row in People; raffle: row in the plans."""

    raffle: NDArray[np.int64]
    customer: NDArray[np.int64]
    at: NDArray[np.float64]
    tickets: NDArray[np.int64]


CLOSED = (
    ("spring-grinder", "Spring Grinder Raffle", "a walnut grinder and a year of papers", 300, 10),
    ("summer-cooler", "Summer Cooler Raffle", "a cooler filled with seltzers", 500, 10),
    ("harvest-weekend", "Harvest Weekend", "two nights at a hemp farm in the Hill Country", 1000, 5),
    ("winter-pantry", "Winter Pantry", "a pantry box of teas, honey and chocolate", 300, 10),
    ("valentine-pair", "Pair of Hearts", "a dinner for two and a bath set", 500, 6),
)
OPEN = (
    ("blue-dream", "Blue Dream Raffle", "an ounce of Blue Dream hemp flower and a glass set", 1000, 10),
    ("gold-year", "A Year of Gold", "twelve months of Gold membership", 1000, 5),
    ("sleep-suite", "The Sleep Suite", "a weighted blanket and a shelf of sleep favorites", 500, 8),
)


def plans(config: ShopConfig) -> list[RafflePlan]:
    max_tickets = max(SMALLEST_DRAW, config.customers // 2)
    each = config.days / (len(CLOSED) + 1)
    past = [
        RafflePlan(
            f"raf_{slug}", title, prize, cents, max_tickets, most, opens=each * row, closes=each * row + 45
        )
        for row, (slug, title, prize, cents, most) in enumerate(CLOSED, start=1)
        if each * row + 45 < config.days
    ]
    opens = config.days - 30.0
    now = [
        RafflePlan(
            f"raf_{slug}", title, prize, cents, max_tickets, most, opens=opens, closes=config.days + days
        )
        for days, (slug, title, prize, cents, most) in zip(CLOSES_IN_DAYS, OPEN, strict=True)
    ]
    return past + now


def enter(
    config: ShopConfig,
    people: People,
    lives: Lives,
    *,
    shard: int,
    enrolment: Enrolment,
    plans: Sequence[RafflePlan],
) -> Entries:
    """Customers who are of proven age, have a card and still come take a few tickets."""
    rng = config.stream(Stage.RAFFLES, shard)
    taken = []
    for row, plan in enumerate(plans):
        at = rng.uniform(plan.opens, min(plan.closes, config.days), len(people))
        chance = np.where(lives.joined <= at, MEMBER_ENTERS, ENTERS)
        able = (people.acquired < at) & (at < lives.died) & enrolment.is_proven(at) & enrolment.has_card
        tickets = np.minimum(rng.geometric(0.55, len(people)), plan.per_customer)
        customer = np.flatnonzero(able & (rng.random(len(people)) < chance))
        customer = customer[np.argsort(at[customer])]
        taken.append(Entries(np.full(len(customer), row), customer, at[customer], tickets[customer]))
    return Entries(
        np.concatenate([each.raffle for each in taken]),
        np.concatenate([each.customer for each in taken]),
        np.concatenate([each.at for each in taken]),
        np.concatenate([each.tickets for each in taken]),
    )
