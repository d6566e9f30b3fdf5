"""The shop to generate: one configuration and its seed give one set of bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import numpy as np

from demo.generator.segments import SEGMENTS, Segment


class Stage(IntEnum):
    """Each part of the shop draws from a stream of its own: a switch moves only what it names."""

    CATALOGUE = 0
    CALENDAR = 1
    PEOPLE = 2
    VISITS = 3
    CHOICES = 4
    ENROLMENT = 5
    RAFFLES = 6
    TALK = 7


@dataclass(frozen=True)
class Shock:
    """Visits multiplied by `factor` between two days of the window: a price cut, a closed road."""

    from_day: float
    to_day: float
    factor: float


@dataclass(frozen=True)
class ShopConfig:
    """Times in the shop are days since `starts_at`; rates are per day.

    regularity: k of Erlang-k gaps between visits; 1 is Poisson.
    season: strength of the weekday and holiday pattern, 0 for none.
    spend_follows_rate: exponent that ties a customer's basket to their rate, 0 for independent.
    log_starts_at_day: nothing before it is written, though customers were already active.
    stock_outs: windows of ten days in which one product cannot be had.
    """

    seed: int = 1
    customers: int = 500
    ends_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    days: int = 730
    segments: Sequence[Segment] = SEGMENTS
    regularity: int = 1
    season: float = 1.0
    shock: Shock | None = None
    spend_follows_rate: float = 0.0
    log_starts_at_day: float = 0.0
    membership_uplift: float = 1.25
    complaint_factor: float = 2.0
    stock_outs: int = 30
    customers_a_shard: int = 50_000

    @property
    def starts_at(self) -> datetime:
        return self.ends_at - timedelta(days=self.days)

    @property
    def shards(self) -> int:
        return -(-self.customers // self.customers_a_shard)

    @property
    def typical_rate(self) -> float:
        """Visits a day, on average over the segments."""
        shares = sum(segment.share for segment in self.segments)
        return sum(segment.share * segment.r / segment.alpha for segment in self.segments) / shares

    def shard_size(self, shard: int) -> int:
        return min(self.customers_a_shard, self.customers - shard * self.customers_a_shard)

    def stream(self, stage: Stage, shard: int = 0) -> np.random.Generator:
        """The child stream of a stage and shard, the same whatever was drawn before it."""
        return stream(self.seed, stage, shard)


def stream(seed: int, stage: Stage, shard: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stage), shard)))
