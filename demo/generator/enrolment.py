"""Each customer's record with the shop: name, age check, card, membership."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.generator.config import ShopConfig, Stage
from demo.generator.people import People
from demo.generator.visits import Lives

FIRST_NAMES = (
    *("Ada", "Amara", "Andre", "Bea", "Calvin", "Carmen", "Chidi", "Cleo", "Dario", "Delia", "Edie"),
    *("Elias", "Esme", "Farid", "Fern", "Gideon", "Greta", "Hana", "Hector", "Imani", "Iris", "Jonah"),
    *("Kai", "Lena", "Leo", "Lucia", "Mabel", "Malik", "Marisol", "Milo", "Nadia", "Nico", "Odessa", "Omar"),
    *("Pilar", "Priya", "Quinn", "Rafael", "Rosa", "Rufus", "Sadie", "Silas", "Tala", "Theo", "Uma", "Wren"),
)
LAST_NAMES = (
    *("Abara", "Alder", "Amador", "Ash", "Barlow", "Benavides", "Birch", "Bright", "Calder", "Castellan"),
    *("Dell", "Dunmore", "Elm", "Everly", "Fairweather", "Fenn", "Galloway", "Hale", "Hawthorn", "Ibarra"),
    *("Juniper", "Kestrel", "Lark", "Linden", "Marsh", "Merriweather", "Nakata", "Oakes", "Okoro"),
    *("Pereira", "Quill", "Rao", "Rivers", "Sable", "Santoro", "Tamsin", "Umber", "Vale", "Wilder", "Zola"),
)
STATES = ("TX", "OK", "NM", "LA", "AR", "CO")
STATE_SHARES = (0.82, 0.05, 0.04, 0.04, 0.03, 0.02)
TIERS = ("BRONZE", "SILVER", "GOLD")
TIER_SHARES = (0.58, 0.28, 0.14)
TIER_PERCENT = np.array([10, 20, 30])
TIER_CENTS = np.array([4700, 9700, 19700])
VALID_DAYS = 365
CHECKED, RENEWS, HAS_CARD = 0.86, 0.80, 0.84
"""Shares of the customers who are no members."""
RISES = 0.25
"""Share of the members above Bronze who began a tier below."""


@dataclass(frozen=True)
class Enrolment:
    """One row a customer; a day is infinite for what never happened.

    age: years at the start of the window; verified: day of the first age check; renews: whether they
    repeat it each year; tier: row in TIERS, -1 for none; rises: whether it was the tier below at first;
    cancelled: day on which a member left.
    """

    first_name: NDArray[np.int64]
    last_name: NDArray[np.int64]
    state: NDArray[np.int64]
    age: NDArray[np.float64]
    verified: NDArray[np.float64]
    renews: NDArray[np.bool_]
    has_card: NDArray[np.bool_]
    tier: NDArray[np.int64]
    rises: NDArray[np.bool_]
    cancelled: NDArray[np.float64]

    def is_proven(self, at: NDArray[np.float64]) -> NDArray[np.bool_]:
        return (self.verified <= at) & (self.renews | (at < self.verified + VALID_DAYS))

    def name(self, row: int) -> str:
        return f"{FIRST_NAMES[self.first_name[row]]} {LAST_NAMES[self.last_name[row]]}"


def draw_enrolment(config: ShopConfig, people: People, lives: Lives, *, shard: int) -> Enrolment:
    """A member has passed the age check before joining, and pays by card."""
    rng = config.stream(Stage.ENROLMENT, shard)
    count = len(people)
    is_member = np.isfinite(lives.joined)
    checked = is_member | (rng.random(count) < CHECKED)
    within = np.minimum(lives.joined - people.acquired, 1.0)
    checked_at = people.acquired + within * rng.random(count)
    tier = rng.choice(len(TIERS), size=count, p=TIER_SHARES)
    gone = lives.died + rng.uniform(20, 60, count)
    return Enrolment(
        first_name=rng.integers(len(FIRST_NAMES), size=count),
        last_name=rng.integers(len(LAST_NAMES), size=count),
        state=rng.choice(len(STATES), size=count, p=STATE_SHARES),
        age=21.1 + 50 * rng.beta(1.4, 2.6, count),
        verified=np.where(checked & (checked_at < config.days), checked_at, np.inf),
        renews=is_member | (rng.random(count) < RENEWS),
        has_card=is_member | (rng.random(count) < HAS_CARD),
        tier=np.where(is_member, tier, -1),
        cancelled=np.where(is_member & (gone < config.days), gone, np.inf),
        rises=is_member & (tier > 0) & (rng.random(count) < RISES),
    )
