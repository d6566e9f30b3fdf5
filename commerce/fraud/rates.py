"""How surprising a burst is for someone who usually comes at a rate of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log, log1p

from commerce.fraud.models import KEPT, Past, Subject

DAY_SECONDS = 86_400.0
NEGLIGIBLE = 1e-16
HORIZON = timedelta(days=90)
"""Attempts older than that say nothing about anybody's rate."""


@dataclass(frozen=True)
class Prior:
    """A gamma distribution of events a day: what is believed of a subject before it is known."""

    events: float
    days: float


PRIORS = {
    Subject.CARD: Prior(1, 14),
    Subject.ADDRESS: Prior(1, 14),
    Subject.DEVICE: Prior(1, 14),
    Subject.IP: Prior(1, 4),
    Subject.ACCOUNT: Prior(1, 14),
}
WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))


@dataclass(frozen=True)
class Burst:
    """The window in which a subject came back in a way least like its own rate."""

    count: int
    """The present attempt is one of them."""
    window: timedelta
    usual: float
    """How many are expected in such a window."""
    tail: float
    """The probability of as many others as there were beside the present attempt."""


NO_BURST = Burst(1, WINDOWS[0], 1.0, 1.0)


def tail(count: int, *, events: float, days: float, window_days: float) -> float:
    """P(at least `count` in the window) after `events` in `days`, both with their prior added.

    The count is negative binomial: Poisson, with the rate's own uncertainty (Gelman et al., Bayesian Data
    Analysis, 2.6). The side with fewer terms is summed, so that small tails keep their digits.
    """
    if count <= 0:
        return 1.0
    share = window_days / (days + window_days)
    if count <= events * window_days / days:
        return max(0.0, 1.0 - _mass(0, count, events, share))
    return min(1.0, _mass(count, None, events, share))


def _mass(first: int, end: int | None, events: float, share: float) -> float:
    """The probability of a count in [first, end), with no end when `end` is None."""
    log_first = lgamma(events + first) - lgamma(events) - lgamma(first + 1)
    term = exp(log_first + events * log1p(-share) + first * log(share))
    total, at = 0.0, first
    while at != end and term > NEGLIGIBLE * total:
        total += term
        term *= share * (events + at) / (at + 1)
        at += 1
    return total


def burst(subject: Subject, past: Sequence[Past], *, now: datetime, purchase: tuple[str, int]) -> Burst:
    """The most surprising window up to `now`; `past` has the newest first.

    A purchase is an account and an amount: tried again, with the same card or another, it counts once.
    """
    most = NO_BURST
    others: set[tuple[str, int]] = set()
    read = 0
    for window in WINDOWS:
        if len(past) == KEPT and now - past[-1].at < 2 * window:
            break  # what was read does not reach back far enough to tell what is usual
        while read < len(past) and past[read].at > now - window:
            others.add((past[read].customer_id, past[read].amount_cents))
            read += 1
        found = _compare(PRIORS[subject], past[read:], len(others - {purchase}), window=window, now=now)
        most = min(most, found, key=lambda each: each.tail)
    return most


def _compare(prior: Prior, before: Sequence[Past], others: int, *, window: timedelta, now: datetime) -> Burst:
    """How unlike the attempts before the window the others in it are."""
    if not others:
        return NO_BURST
    known_days = (now - window - before[-1].at).total_seconds() / DAY_SECONDS if before else 0.0
    events, days = prior.events + len(before), prior.days + known_days
    window_days = window.total_seconds() / DAY_SECONDS
    chance = tail(others, events=events, days=days, window_days=window_days)
    return Burst(others + 1, window, events * window_days / days, chance)
