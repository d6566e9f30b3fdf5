"""Who the customers are: when they came, how often they would come, what they like."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.generator.config import ShopConfig, Stage
from demo.generator.segments import TASTES, Segment

CHANNELS = ("store", "web", "friend", "market", "search")
CHANNEL_SHARES = (0.42, 0.26, 0.16, 0.09, 0.07)
BASKET_SHAPE = 4.0
TASTE_BASE = 0.5


@dataclass(frozen=True)
class People:
    """One row a customer. The rates and tastes are the truth that no engine reads.

    number: of the customer in the whole shop; rate: visits a day while active; leave: the chance to leave
    after a repeat visit; basket: how much larger than usual their baskets are; repeats: share of lines that
    repeat an earlier one; tastes: (n, 14), each row sums to 1; price_weight: utility lost for each $10.
    """

    number: NDArray[np.int64]
    acquired: NDArray[np.float64]
    segment: NDArray[np.int8]
    channel: NDArray[np.int8]
    rate: NDArray[np.float64]
    leave: NDArray[np.float64]
    basket: NDArray[np.float64]
    repeats: NDArray[np.float64]
    tastes: NDArray[np.float32]
    price_weight: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.number)


def draw_people(config: ShopConfig, shard: int) -> People:
    rng = config.stream(Stage.PEOPLE, shard)
    count = config.shard_size(shard)
    segments = config.segments
    shares = np.array([segment.share for segment in segments])
    segment = rng.choice(len(segments), size=count, p=shares / shares.sum()).astype(np.int8)
    r, alpha, a, b, more, less, price = _parameters(segments)[:, segment]
    rate = rng.gamma(r) / alpha
    basket = rng.gamma(BASKET_SHAPE, 1 / BASKET_SHAPE, count)
    return People(
        number=np.arange(count) + shard * config.customers_a_shard,
        acquired=_acquired(config.days, rng.random(count)),
        segment=segment,
        channel=rng.choice(len(CHANNELS), size=count, p=CHANNEL_SHARES).astype(np.int8),
        rate=rate,
        leave=rng.beta(a, b),
        basket=basket * (rate / config.typical_rate) ** config.spend_follows_rate,
        repeats=rng.beta(more, less),
        tastes=_tastes(segments, segment, rng),
        price_weight=price.astype(np.float32),
    )


def _parameters(segments: Sequence[Segment]) -> NDArray[np.float64]:
    rows = [(s.r, s.alpha, s.a, s.b, s.repeat_alpha, s.repeat_beta, s.price_weight) for s in segments]
    return np.array(rows, dtype=float).T


def _acquired(days: int, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Days of first visits: a growing shop, with more new faces in spring than in autumn."""
    grid = np.linspace(0, days, days + 1)
    density = 1 + grid / days + 0.25 * np.sin(2 * np.pi * grid / 365)
    cumulative = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return np.interp(uniform, cumulative / cumulative[-1], grid)


def _tastes(
    segments: Sequence[Segment], segment: NDArray[np.int8], rng: np.random.Generator
) -> NDArray[np.float32]:
    centres = np.array([[TASTE_BASE + s.likes.get(taste, 0) for taste in TASTES] for s in segments])
    drawn = rng.gamma(centres[segment])
    shares: NDArray[np.float32] = (drawn / drawn.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
