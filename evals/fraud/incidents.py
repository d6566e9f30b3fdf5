"""Five kinds of fraud that are planted among legitimate attempts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evals.fraud.population import (
    CARRIERS,
    DAY,
    DAYS,
    Events,
    Ints,
    Kind,
    Population,
    happens,
    joined,
    number,
)

LATEST = (DAYS - 25) * DAY
EARLIEST = 30 * DAY
VISITS_A_DAY = 0.04
"""Minimum purchases a day of a victim."""


@dataclass(frozen=True)
class Incident:
    """The random generator, the number and the surrounding population of one incident."""

    rng: np.random.Generator
    id: int
    population: Population

    def start(self) -> float:
        return float(self.rng.uniform(EARLIEST, LATEST))

    def own(self, turn: Ints | int) -> Ints:
        """Cards, devices and addresses used by this incident only."""
        return number(Kind.CRIME, self.id, turn)

    def accounts(self, count: int) -> Ints:
        """Accounts created for the incident."""
        return len(self.population.household) + self.id * 1_000 + np.arange(count)

    def victim(self) -> int:
        """An account with past purchases."""
        settled = np.flatnonzero((self.population.joined < 0) & (self.population.a_day > VISITS_A_DAY))
        return int(self.rng.choice(settled))

    def networks(self, size: int) -> Ints:
        """Rented addresses, and mobile carrier addresses that legitimate accounts use too."""
        rented = number(Kind.CRIME, self.id, self.rng.integers(500, 505, size))
        carrier = number(Kind.CARRIER, self.rng.integers(0, CARRIERS, size))
        return np.where(happens(self.rng, 0.3, size), carrier, rented)

    def either(self, share: float) -> bool:
        return bool(happens(self.rng, share, 1)[0])


def card_testing(incident: Incident) -> Events:
    """Stolen card numbers tried with small amounts: within the hour, or slowly over a day and a half."""
    rng = incident.rng
    size = int(rng.integers(8, 36))
    length = rng.uniform(600, 5_400) if incident.either(0.6) else rng.uniform(0.5, 1.5) * DAY
    accounts = incident.accounts(int(rng.integers(1, 5)))
    return Events(
        at=incident.start() + np.sort(rng.uniform(0, length, size)),
        account=rng.choice(accounts, size),
        cents=rng.integers(100, 1_500, size) if incident.either(0.5) else np.full(size, 100),
        card=incident.own(np.arange(size)),
        address=incident.own(rng.integers(0, 3, size)),
        device=incident.own(rng.integers(0, 2, size)),
        ip=incident.networks(size),
    )


def bust_out(incident: Incident) -> Events:
    """An established customer orders up to the card's limit and never pays."""
    rng, victim = incident.rng, incident.victim()
    size = int(rng.integers(5, 12))
    return Events(
        at=incident.start() + np.sort(rng.uniform(0, rng.uniform(0.3, 2.5) * DAY, size)),
        account=np.full(size, victim),
        cents=_cents(incident, victim, size, low=1.5, high=5.0),
        card=number(Kind.OWN, np.full(size, victim)),
        address=np.where(
            happens(rng, 0.5, size), incident.own(0), number(Kind.OWN, incident.population.household[victim])
        ),
        device=number(Kind.OWN, np.full(size, victim)),
        ip=number(Kind.OWN, np.full(size, incident.population.household[victim])),
    )


def raffle_ring(incident: Incident) -> Events:
    """One person enters with many accounts to evade the limit per customer."""
    rng = incident.rng
    accounts = incident.accounts(int(rng.integers(6, 18)))
    account = np.repeat(accounts, rng.integers(1, 4, len(accounts)))
    size = len(account)
    return Events(
        at=incident.start() + np.sort(rng.uniform(0, rng.uniform(0.2, 3) * DAY, size)),
        account=account,
        cents=500 * rng.integers(1, 11, size),
        card=incident.own(account % 4),
        address=incident.own(account % 2),
        device=incident.own(account % 3),
        ip=incident.networks(size),
    )


def takeover(incident: Incident) -> Events:
    """A stolen account: another device, network and address, and larger amounts."""
    rng, victim = incident.rng, incident.victim()
    size = int(rng.integers(2, 7))
    return Events(
        at=incident.start() + np.sort(rng.uniform(0, rng.uniform(0.05, 1.5) * DAY, size)),
        account=np.full(size, victim),
        cents=_cents(incident, victim, size, low=1.2, high=4.0),
        card=number(Kind.OWN, np.full(size, victim)),
        address=np.where(
            happens(rng, 0.85, size), incident.own(0), number(Kind.OWN, incident.population.household[victim])
        ),
        device=incident.own(np.zeros(size, np.int64)),
        ip=incident.networks(size),
    )


def device_ring(incident: Incident) -> Events:
    """Stolen cards, each with its own account, used slowly from one or two devices."""
    rng = incident.rng
    accounts = incident.accounts(int(rng.integers(5, 12)))
    account = np.repeat(accounts, rng.integers(1, 3, len(accounts)))
    size = len(account)
    return Events(
        at=incident.start() + np.sort(rng.uniform(0, rng.uniform(5, 20) * DAY, size)),
        account=account,
        cents=(5_500 * np.exp(rng.normal(0.4, 0.5, size))).astype(np.int64),
        card=incident.own(account),
        address=incident.own(rng.integers(0, 4, size)),
        device=incident.own(account % 2),
        ip=incident.networks(size),
    )


KINDS: Mapping[str, Callable[[Incident], Events]] = {
    each.__name__: each for each in (card_testing, bust_out, raffle_ring, takeover, device_ring)
}


def plant(rng: np.random.Generator, population: Population, incidents: int) -> tuple[Events, Ints]:
    """The attempts of all incidents, and the incident of each; kinds alternate."""
    kinds = list(KINDS.values())
    events = [kinds[at % len(kinds)](Incident(rng, at, population)) for at in range(incidents)]
    numbers = np.repeat(np.arange(incidents), [len(incident.at) for incident in events])
    return joined(events), numbers


def _cents(incident: Incident, victim: int, size: int, *, low: float, high: float) -> Ints:
    dear = incident.population.typical_cents[victim] * incident.rng.uniform(low, high, size)
    return np.asarray(dear, dtype=np.int64)
