"""Fairness: a chi-square test over seeded draws that each ticket is equally likely, for each method."""

import hashlib
import random  # noqa: TID251 - the peer that is measured against
from collections.abc import Callable

import numpy as np
from scipy.stats import chisquare

from commerce.raffles.draw.algorithms import HMAC_V1, RFC3797, winners

TICKETS, PLACES = 100, 3
Draw = Callable[[str, str], list[int]]


def draw_with(algorithm: str, *, tickets: int = TICKETS) -> Draw:
    return lambda listed, seed: winners(
        algorithm, list_sha256=listed, randomness=seed, tickets=tickets, places=PLACES
    )


def naive(listed: str, seed: str, *, tickets: int = TICKETS) -> list[int]:
    """The usual implementation: the standard library's generator, seeded by the hash."""
    return random.Random(listed + seed).sample(range(1, tickets + 1), PLACES)  # noqa: S311 - a peer


METHODS: dict[str, Draw] = {"": draw_with(HMAC_V1), "RFC 3797": draw_with(RFC3797), "random.sample": naive}
"""By name; ours is unnamed."""


def p_value(draw: Draw, *, draws: int) -> float:
    """The smallest p value over winner and runners-up, with Bonferroni correction."""
    counts = np.zeros((PLACES, TICKETS))
    for number in range(draws):
        listed, seed = (hashlib.sha256(f"{what}{number}".encode()).hexdigest() for what in ("list", "seed"))
        counts[range(PLACES), np.array(draw(listed, seed)) - 1] += 1
    return min(1.0, PLACES * min(float(chisquare(row).pvalue) for row in counts))
