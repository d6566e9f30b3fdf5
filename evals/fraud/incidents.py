"""Five kinds of fraud to plant among the innocent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evals.fraud.population import CARRIERS, DAY, DAYS, Events, Ints, Kind, People, happens, joined, number

LATEST = (DAYS - 25) * DAY
EARLIEST = 30 * DAY
VISITS_A_DAY = 0.04
"""Of somebody worth robbing."""


@dataclass(frozen=True)
class Scene:
    """One incident: its dice, its number and the people around it."""

    rng: np.random.Generator
    id: int
    crowd: People

    def start(self) -> float:
        return float(self.rng.uniform(EARLIEST, LATEST))

    def own(self, turn: Ints | int) -> Ints:
        """Cards, devices and addresses that nobody else uses."""
        return number(Kind.CRIME, self.id, turn)

    def accounts(self, count: int) -> Ints:
        """Accounts made for it."""
        return len(self.crowd.household) + self.id * 1_000 + np.arange(count)

    def victim(self) -> int:
        """Somebody who has bought before."""
        settled = np.flatnonzero((self.crowd.joined < 0) & (self.crowd.a_day > VISITS_A_DAY))
        return int(self.rng.choice(settled))

    def networks(self, size: int) -> Ints:
        """Rented addresses, and those of the phone companies that innocent people have too."""
        rented = number(Kind.CRIME, self.id, self.rng.integers(500, 505, size))
        carrier = number(Kind.CARRIER, self.rng.integers(0, CARRIERS, size))
        return np.where(happens(self.rng, 0.3, size), carrier, rented)

    def either(self, share: float) -> bool:
        return bool(happens(self.rng, share, 1)[0])


def card_testing(scene: Scene) -> Events:
    """Stolen card numbers tried with small amounts: within the hour, or slowly over a day and a half."""
    rng = scene.rng
    size = int(rng.integers(8, 36))
    length = rng.uniform(600, 5_400) if scene.either(0.6) else rng.uniform(0.5, 1.5) * DAY
    accounts = scene.accounts(int(rng.integers(1, 5)))
    return Events(
        at=scene.start() + np.sort(rng.uniform(0, length, size)),
        account=rng.choice(accounts, size),
        cents=rng.integers(100, 1_500, size) if scene.either(0.5) else np.full(size, 100),
        card=scene.own(np.arange(size)),
        address=scene.own(rng.integers(0, 3, size)),
        device=scene.own(rng.integers(0, 2, size)),
        ip=scene.networks(size),
    )


def bust_out(scene: Scene) -> Events:
    """A customer of long standing orders all the card will bear, and will never pay for it."""
    rng, victim = scene.rng, scene.victim()
    size = int(rng.integers(5, 12))
    return Events(
        at=scene.start() + np.sort(rng.uniform(0, rng.uniform(0.3, 2.5) * DAY, size)),
        account=np.full(size, victim),
        cents=_cents(scene, victim, size, low=1.5, high=5.0),
        card=number(Kind.OWN, np.full(size, victim)),
        address=np.where(
            happens(rng, 0.5, size), scene.own(0), number(Kind.OWN, scene.crowd.household[victim])
        ),
        device=number(Kind.OWN, np.full(size, victim)),
        ip=number(Kind.OWN, np.full(size, scene.crowd.household[victim])),
    )


def raffle_ring(scene: Scene) -> Events:
    """One person enters with many accounts to get round a limit."""
    rng = scene.rng
    accounts = scene.accounts(int(rng.integers(6, 18)))
    account = np.repeat(accounts, rng.integers(1, 4, len(accounts)))
    size = len(account)
    return Events(
        at=scene.start() + np.sort(rng.uniform(0, rng.uniform(0.2, 3) * DAY, size)),
        account=account,
        cents=500 * rng.integers(1, 11, size),
        card=scene.own(account % 4),
        address=scene.own(account % 2),
        device=scene.own(account % 3),
        ip=scene.networks(size),
    )


def takeover(scene: Scene) -> Events:
    """A stranger in somebody's account: another device, network and address, and more than usual."""
    rng, victim = scene.rng, scene.victim()
    size = int(rng.integers(2, 7))
    return Events(
        at=scene.start() + np.sort(rng.uniform(0, rng.uniform(0.05, 1.5) * DAY, size)),
        account=np.full(size, victim),
        cents=_cents(scene, victim, size, low=1.2, high=4.0),
        card=number(Kind.OWN, np.full(size, victim)),
        address=np.where(
            happens(rng, 0.85, size), scene.own(0), number(Kind.OWN, scene.crowd.household[victim])
        ),
        device=scene.own(np.zeros(size, np.int64)),
        ip=scene.networks(size),
    )


def device_ring(scene: Scene) -> Events:
    """Stolen cards, each with an account of its own, used slowly on one or two devices."""
    rng = scene.rng
    accounts = scene.accounts(int(rng.integers(5, 12)))
    account = np.repeat(accounts, rng.integers(1, 3, len(accounts)))
    size = len(account)
    return Events(
        at=scene.start() + np.sort(rng.uniform(0, rng.uniform(5, 20) * DAY, size)),
        account=account,
        cents=(5_500 * np.exp(rng.normal(0.4, 0.5, size))).astype(np.int64),
        card=scene.own(account),
        address=scene.own(rng.integers(0, 4, size)),
        device=scene.own(account % 2),
        ip=scene.networks(size),
    )


KINDS: Mapping[str, Callable[[Scene], Events]] = {
    each.__name__: each for each in (card_testing, bust_out, raffle_ring, takeover, device_ring)
}


def plant(rng: np.random.Generator, crowd: People, incidents: int) -> tuple[Events, Ints]:
    """The attempts of all incidents, and of which incident each is; kinds take turns."""
    kinds = list(KINDS.values())
    scenes = [kinds[at % len(kinds)](Scene(rng, at, crowd)) for at in range(incidents)]
    numbers = np.repeat(np.arange(incidents), [len(scene.at) for scene in scenes])
    return joined(scenes), numbers


def _cents(scene: Scene, victim: int, size: int, *, low: float, high: float) -> Ints:
    dear = scene.crowd.typical_cents[victim] * scene.rng.uniform(low, high, size)
    return np.asarray(dear, dtype=np.int64)
