"""Twenty thousand accounts that mean no harm, and the habits in which they look as if they did."""

from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

DAYS = 180
DAY = 86_400
HOLIDAY = (118, 124)
"""Days of a sale in which everybody buys four times as often."""
CARRIERS = 40
OFFICES = 300
KIOSKS = 12

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Kind(IntEnum):
    """Namespaces of the numbers that stand for cards, devices, addresses and networks."""

    OWN = 0
    SECOND = 1
    GIFT = 2
    OFFICE = 3
    CARRIER = 4
    KIOSK = 5
    CRIME = 6


def happens(rng: np.random.Generator, share: float, size: int) -> NDArray[np.bool_]:
    """True for about that share of `size`."""
    return rng.random(size) < share


def number(kind: Kind, of: Ints | int, turn: Ints | int = 0) -> Ints:
    """One number for each kind, owner and turn."""
    return np.asarray(kind * 10**12 + np.asarray(of) * 10**5 + np.asarray(turn), dtype=np.int64)


@dataclass(frozen=True)
class People:
    """An entry for each account."""

    household: Ints
    joined: Floats
    """Second at which the account begins; those that were there before have a negative one."""
    a_day: Floats
    typical_cents: Floats
    renews: Floats
    """Share of the time after which card and device are another one."""


@dataclass(frozen=True)
class Events:
    """An entry for each attempt."""

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


def people(rng: np.random.Generator, accounts: int) -> People:
    """A quarter of the accounts share a household with the one before."""
    shares = happens(rng, 0.25, accounts)
    shares[0] = False
    household = np.maximum.accumulate(np.where(shares, 0, np.arange(accounts)))
    return People(
        household=household,
        joined=np.where(happens(rng, 0.3, accounts), rng.uniform(0, DAYS, accounts), -1.0) * DAY,
        a_day=rng.gamma(1.2, 0.045, accounts),
        typical_cents=np.exp(rng.normal(np.log(5_500), 0.5, accounts)),
        renews=rng.random(accounts),
    )


def innocent(rng: np.random.Generator, crowd: People) -> Events:
    """What they buy; a visit may be tried again at once, with a mistyped or another card."""
    account, at = _visits(rng, crowd)
    visits = Events(
        at=at,
        account=account,
        cents=_cents(rng, crowd, account),
        card=_cards(rng, crowd, account, at),
        address=_addresses(rng, crowd, account),
        device=_devices(rng, crowd, account, at),
        ip=_networks(rng, crowd, account),
    )
    return joined([visits, _retries(rng, visits)])


def _visits(rng: np.random.Generator, crowd: People) -> tuple[Ints, Floats]:
    weights = np.ones(DAYS)
    weights[HOLIDAY[0] : HOLIDAY[1]] = 4.0
    counts = rng.poisson(crowd.a_day * weights.sum())
    account = np.repeat(np.arange(len(counts)), counts)
    day = rng.choice(DAYS, size=len(account), p=weights / weights.sum())
    at = (day + rng.beta(4, 3, len(account))) * DAY
    here = at >= crowd.joined[account]
    return account[here], at[here]


def _retries(rng: np.random.Generator, visits: Events) -> Events:
    """The same purchase, tried again within a quarter of an hour: the card was declined or mistyped."""
    again = np.where(happens(rng, 0.05, len(visits.at)), rng.integers(1, 4, len(visits.at)), 0)
    of = np.repeat(np.arange(len(again)), again)
    tried = Events(**{field.name: getattr(visits, field.name)[of] for field in fields(Events)})
    another = number(Kind.SECOND, tried.account)
    return replace(
        tried,
        at=tried.at + rng.uniform(20, 900, len(of)),
        card=np.where(happens(rng, 0.3, len(of)), another, tried.card),
    )


def _cents(rng: np.random.Generator, crowd: People, account: Ints) -> Ints:
    size = len(account)
    spree = np.where(happens(rng, 0.03, size), rng.uniform(2, 6, size), 1.0)
    ticket = happens(rng, 0.08, size)
    usual = crowd.typical_cents[account] * np.exp(rng.normal(0, 0.4, size)) * spree
    return np.where(ticket, 500 * rng.integers(1, 5, size), usual).astype(np.int64) + 1


def _renewed(crowd: People, account: Ints, at: Floats, *, half_of: int) -> Ints:
    """0 before the account's own day of change, 1 after it; some never change in the time seen."""
    changes = crowd.renews[account] * half_of * DAYS * DAY
    return (at > changes).astype(np.int64)


def _cards(rng: np.random.Generator, crowd: People, account: Ints, at: Floats) -> Ints:
    owner = np.where(happens(rng, 0.03, len(account)), crowd.household[account], account)
    usual = number(Kind.OWN, owner, _renewed(crowd, account, at, half_of=3))
    return np.where(happens(rng, 0.06, len(account)), number(Kind.SECOND, account), usual)


def _addresses(rng: np.random.Generator, crowd: People, account: Ints) -> Ints:
    gift = happens(rng, 0.04, len(account))
    gifts = number(Kind.GIFT, rng.integers(0, len(crowd.household), len(account)))
    return np.where(gift, gifts, number(Kind.OWN, crowd.household[account]))


def _devices(rng: np.random.Generator, crowd: People, account: Ints, at: Floats) -> Ints:
    size = len(account)
    phone = number(Kind.OWN, account, _renewed(crowd, account, at, half_of=2))
    family = number(Kind.SECOND, crowd.household[account])
    kiosk = number(Kind.KIOSK, account % KIOSKS)
    friend = number(Kind.OWN, rng.integers(0, len(crowd.household), size))
    which = rng.choice(4, size, p=(0.75, 0.238, 0.006, 0.006))
    return np.choose(which, [phone, family, friend, kiosk])


def _networks(rng: np.random.Generator, crowd: People, account: Ints) -> Ints:
    size = len(account)
    home = number(Kind.OWN, crowd.household[account])
    office = number(Kind.OFFICE, account % OFFICES)
    carrier = number(Kind.CARRIER, rng.integers(0, CARRIERS, size))
    elsewhere = number(Kind.GIFT, rng.integers(0, 10**6, size))
    which = rng.choice(4, size, p=(0.6, 0.15, 0.22, 0.03))
    return np.choose(which, [home, office, carrier, elsewhere])
