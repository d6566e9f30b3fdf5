"""Conversations that follow visits: who said what to the shop, and what the shop answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from demo.generator.choices import Lines, Shelf
from demo.generator.config import ShopConfig, Stage
from demo.generator.enrolment import TIERS
from demo.generator.people import People
from demo.generator.scripts import (
    CHANNEL_SHARES,
    CHANNELS,
    COMPLAINT,
    PURPOSES,
    SCRIPT_SHARES,
    SCRIPTS,
    TIMES,
    Script,
)
from demo.generator.segments import EFFECTS
from demo.generator.visits import Visits
from foundation.money import Money

TALK_RATE = 0.16
LONGEST_TALK = max(len(script.turns) for script in SCRIPTS)
TURN_DAYS = 2 / (24 * 60)


@dataclass(frozen=True)
class Talks:
    """One row a conversation, by customer and time.

    script, channel, effect, time, tier: rows in the lists of those; bought, other: rows on the shelf;
    ways: (n, turns, 2), which of the ways to say it, and to answer.
    """

    customer: NDArray[np.int64]
    at: NDArray[np.float64]
    script: NDArray[np.int64]
    channel: NDArray[np.int64]
    bought: NDArray[np.int64]
    other: NDArray[np.int64]
    effect: NDArray[np.int64]
    time: NDArray[np.int64]
    tier: NDArray[np.int64]
    turns: NDArray[np.int64]
    ways: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, keep: NDArray[np.bool_]) -> "Talks":
        return Talks(*(getattr(self, field.name)[keep] for field in fields(self)))


@dataclass(frozen=True)
class Exchange:
    """One turn of a conversation in words. talk: row in Talks; at: days."""

    talk: int
    turn: int
    at: float
    message: str
    response: str
    intent: str
    sentiment: float
    channel: str


def draw_talks(
    config: ShopConfig, people: People, visits: Visits, *, lines: Lines, shelf: Shelf, shard: int
) -> Talks:
    """A conversation begins up to two days after the visit it follows, about something to take from it."""
    rng = config.stream(Stage.TALK, shard)
    start = visits.at + rng.uniform(0.02, 2, len(visits))
    starts = visits.complained | (rng.random(len(visits)) < TALK_RATE)
    taken = lines.take(~lines.lost & (shelf.traits.max(axis=1) > 0)[lines.product])
    first = np.searchsorted(taken.visit, np.arange(len(visits)))
    had = np.append(taken.visit, -1)[first]
    starts &= had == np.arange(len(visits))
    row = np.flatnonzero(starts & (start + LONGEST_TALK * TURN_DAYS < config.days))
    count = len(row)
    script = rng.choice(len(SCRIPTS), size=count, p=SCRIPT_SHARES)
    script = np.where(visits.complained[row], COMPLAINT, script)
    longest = np.array([len(each.turns) for each in SCRIPTS])[script]
    effect = _wanted(people, visits.customer[row], rng)
    return Talks(
        customer=visits.customer[row],
        at=start[row],
        script=script,
        channel=rng.choice(len(CHANNELS), size=count, p=CHANNEL_SHARES),
        bought=taken.product[first[row]],
        other=_offered(shelf, effect, rng),
        effect=effect,
        time=rng.integers(len(TIMES), size=count),
        tier=rng.integers(len(TIERS), size=count),
        turns=1 + (rng.random(count) * longest).astype(np.int64),
        ways=rng.integers(1 << 20, size=(count, LONGEST_TALK, 2)),
    )


def exchanges(talks: Talks, shelf: Shelf) -> Iterator[Exchange]:
    """Every turn in words, conversation by conversation."""
    rows = zip(
        talks.script.tolist(),
        talks.at.tolist(),
        talks.channel.tolist(),
        talks.turns.tolist(),
        talks.ways.tolist(),
        strict=True,
    )
    for row, (script_row, at, channel, turns, ways) in enumerate(rows):
        script = SCRIPTS[script_row]
        slots = _slots(talks, row, shelf)
        for turn in range(turns):
            message, response = _say(script, turn, ways[turn], slots)
            yield Exchange(
                talk=row,
                turn=turn,
                at=at + turn * TURN_DAYS,
                message=message,
                response=response,
                intent=script.intent,
                sentiment=script.sentiment,
                channel=CHANNELS[channel],
            )


def _say(script: Script, turn: int, ways: Sequence[int], slots: dict[str, str]) -> tuple[str, str]:
    options = script.turns[turn]
    message, answers = options[ways[0] % len(options)]
    return message.format_map(slots), answers[ways[1] % len(answers)].format_map(slots)


def _slots(talks: Talks, row: int, shelf: Shelf) -> dict[str, str]:
    other = shelf.items[talks.other[row]]
    return {
        "product": shelf.items[talks.bought[row]].short_name,
        "other": other.short_name,
        "price": str(Money(other.price_cents)),
        "flavour": other.flavours[0],
        "effect": PURPOSES[EFFECTS[talks.effect[row]]],
        "time": TIMES[talks.time[row]],
        "tier": TIERS[talks.tier[row]].capitalize(),
    }


def _wanted(people: People, customer: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """An effect, drawn by the customer's own taste."""
    cumulative = np.cumsum(people.tastes[customer, : len(EFFECTS)], axis=1, dtype=np.float64)
    drawn = rng.random(len(customer)) * cumulative[:, -1]
    wanted: NDArray[np.int64] = np.minimum((cumulative < drawn[:, None]).sum(axis=1), len(EFFECTS) - 1)
    return wanted


def _offered(shelf: Shelf, effect: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A product with that effect that was on sale all along."""
    lasting = np.array([item.is_sold and item.launched == 0 for item in shelf.items])
    chance = rng.random(len(effect))
    offered = np.zeros(len(effect), dtype=np.int64)
    for row in range(len(EFFECTS)):
        fitting = np.flatnonzero(lasting & (shelf.traits[:, row] > 0))
        mine = effect == row
        offered[mine] = fitting[(chance[mine] * len(fitting)).astype(np.int64)]
    return offered
