"""Legitimate accounts, including behaviour that resembles fraud."""

from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

DAYS = 180
DAY = 86_400
HOLIDAY = (118, 124)
"""Days of a sale, with four times the purchases."""
CARRIERS = 40
WORKPLACES = 300
KIOSKS = 12

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Kind(IntEnum):
    """Namespaces of the numbers that identify cards, devices, addresses and networks."""

    OWN = 0
    SECOND = 1
    GIFT = 2
    WORKPLACE = 3
    CARRIER = 4
    KIOSK = 5
    CRIME = 6


def happens(rng: np.random.Generator, share: float, size: int) -> NDArray[np.bool_]:
    """True for about that share of `size`."""
    return rng.random(size) < share


def number(kind: Kind, of: Ints | int, turn: Ints | int = 0) -> Ints:
    """A unique number for each kind, owner and turn."""
    return np.asarray(kind * 10**12 + np.asarray(of) * 10**5 + np.asarray(turn), dtype=np.int64)


@dataclass(frozen=True)
class Population:
    """Arrays with one entry for each account."""

    household: Ints
    joined: Floats
    """Second at which the account is created; negative if before the start."""
    a_day: Floats
    typical_cents: Floats
    renews: Floats
    """Share of the time after which card and device are replaced."""


@dataclass(frozen=True)
class Events:
    """Arrays with one entry for each attempt."""

    at: Floats
    account: Ints
    cents: Ints
    card: Ints
    address: Ints
    device: Ints
    ip: Ints


def joined(parts: list[Events]) -> Events:
    return Events(
        **{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Events)}
    )


def draw_population(rng: np.random.Generator, accounts: int) -> Population:
    """A quarter of the accounts share a household with the previous one."""
    shares = happens(rng, 0.25, accounts)
    shares[0] = False
    household = np.maximum.accumulate(np.where(shares, 0, np.arange(accounts)))
    return Population(
        household=household,
        joined=np.where(happens(rng, 0.3, accounts), rng.uniform(0, DAYS, accounts), -1.0) * DAY,
        a_day=rng.gamma(1.2, 0.045, accounts),
        typical_cents=np.exp(rng.normal(np.log(5_500), 0.5, accounts)),
        renews=rng.random(accounts),
    )


def innocent(rng: np.random.Generator, population: Population) -> Events:
    """Their attempts; a purchase may be retried, with the same or another card."""
    account, at = _visits(rng, population)
    visits = Events(
        at=at,
        account=account,
        cents=_cents(rng, population, account),
        card=_cards(rng, population, account, at),
        address=_addresses(rng, population, account),
        device=_devices(rng, population, account, at),
        ip=_networks(rng, population, account),
    )
    return joined([visits, _retries(rng, visits)])


def _visits(rng: np.random.Generator, population: Population) -> tuple[Ints, Floats]:
    weights = np.ones(DAYS)
    weights[HOLIDAY[0] : HOLIDAY[1]] = 4.0
    counts = rng.poisson(population.a_day * weights.sum())
    account = np.repeat(np.arange(len(counts)), counts)
    day = rng.choice(DAYS, size=len(account), p=weights / weights.sum())
    at = (day + rng.beta(4, 3, len(account))) * DAY
    here = at >= population.joined[account]
    return account[here], at[here]


def _retries(rng: np.random.Generator, visits: Events) -> Events:
    """Retries within a quarter of an hour after a declined or mistyped card."""
    again = np.where(happens(rng, 0.05, len(visits.at)), rng.integers(1, 4, len(visits.at)), 0)
    of = np.repeat(np.arange(len(again)), again)
    tried = Events(**{field.name: getattr(visits, field.name)[of] for field in fields(Events)})
    another = number(Kind.SECOND, tried.account)
    return replace(
        tried,
        at=tried.at + rng.uniform(20, 900, len(of)),
        card=np.where(happens(rng, 0.3, len(of)), another, tried.card),
    )


def _cents(rng: np.random.Generator, population: Population, account: Ints) -> Ints:
    size = len(account)
    spree = np.where(happens(rng, 0.03, size), rng.uniform(2, 6, size), 1.0)
    ticket = happens(rng, 0.08, size)
    usual = population.typical_cents[account] * np.exp(rng.normal(0, 0.4, size)) * spree
    return np.where(ticket, 500 * rng.integers(1, 5, size), usual).astype(np.int64) + 1


def _renewed(population: Population, account: Ints, at: Floats, *, half_of: int) -> Ints:
    """0 before the account's replacement, 1 after it; some have none in the period."""
    changes = population.renews[account] * half_of * DAYS * DAY
    return (at > changes).astype(np.int64)


def _cards(rng: np.random.Generator, population: Population, account: Ints, at: Floats) -> Ints:
    owner = np.where(happens(rng, 0.03, len(account)), population.household[account], account)
    usual = number(Kind.OWN, owner, _renewed(population, account, at, half_of=3))
    return np.where(happens(rng, 0.06, len(account)), number(Kind.SECOND, account), usual)


def _addresses(rng: np.random.Generator, population: Population, account: Ints) -> Ints:
    gift = happens(rng, 0.04, len(account))
    gifts = number(Kind.GIFT, rng.integers(0, len(population.household), len(account)))
    return np.where(gift, gifts, number(Kind.OWN, population.household[account]))


def _devices(rng: np.random.Generator, population: Population, account: Ints, at: Floats) -> Ints:
    size = len(account)
    phone = number(Kind.OWN, account, _renewed(population, account, at, half_of=2))
    family = number(Kind.SECOND, population.household[account])
    kiosk = number(Kind.KIOSK, account % KIOSKS)
    friend = number(Kind.OWN, rng.integers(0, len(population.household), size))
    which = rng.choice(4, size, p=(0.75, 0.238, 0.006, 0.006))
    return np.choose(which, [phone, family, friend, kiosk])


def _networks(rng: np.random.Generator, population: Population, account: Ints) -> Ints:
    size = len(account)
    home = number(Kind.OWN, population.household[account])
    workplace = number(Kind.WORKPLACE, account % WORKPLACES)
    carrier = number(Kind.CARRIER, rng.integers(0, CARRIERS, size))
    elsewhere = number(Kind.GIFT, rng.integers(0, 10**6, size))
    which = rng.choice(4, size, p=(0.6, 0.15, 0.22, 0.03))
    return np.choose(which, [home, workplace, carrier, elsewhere])
