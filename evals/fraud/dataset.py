"""A labelled dataset of half a year of payment attempts with planted fraud, in order of time."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from commerce.fraud.models import KEPT, Attempt, History, Past, Subject
from commerce.fraud.rates import HORIZON
from commerce.fraud.signals import Signals, signals
from evals.fraud.incidents import KINDS, plant
from evals.fraud.population import Events, Ints, draw_population, innocent, joined
from foundation.money import Money

ACCOUNTS = 20_000
INCIDENTS = 150
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Dataset:
    attempts: list[Attempt]
    incident: Ints
    """The incident of each attempt; -1 for none."""

    @property
    def is_fraud(self) -> NDArray[np.bool_]:
        planted: NDArray[np.bool_] = self.incident >= 0
        return planted

    def of_kind(self, kind: str) -> NDArray[np.bool_]:
        theirs: NDArray[np.bool_] = self.incident % len(KINDS) == list(KINDS).index(kind)
        return self.is_fraud & theirs


def generate_dataset(seed: int, *, accounts: int = ACCOUNTS, incidents: int = INCIDENTS) -> Dataset:
    """Deterministic for a seed."""
    rng = np.random.default_rng(seed)
    population = draw_population(rng, accounts)
    legitimate = innocent(rng, population)
    fraudulent, incident = plant(rng, population, incidents)
    events = joined([legitimate, fraudulent])
    labels = np.concatenate([np.full(len(legitimate.at), -1), incident])
    order = np.argsort(events.at, kind="stable")
    return Dataset([_attempt(events, int(at)) for at in order], labels[order])


def _attempt(events: Events, at: int) -> Attempt:
    return Attempt(
        customer_id=f"cus_{events.account[at]}",
        amount=Money(int(events.cents[at])),
        card_digest=f"c{events.card[at]}",
        address_digest=f"a{events.address[at]}",
        device_digest=f"d{events.device[at]}",
        ip_digest=f"i{events.ip[at]}",
        at=FIRST + timedelta(seconds=float(events.at[at])),
        kind="order",
    )


class AttemptIndex:
    """Past attempts by card, address, device and account, in memory, as the ledger's indexes give them."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Subject, str], list[Past]] = defaultdict(list)

    def history(self, attempt: Attempt) -> History:
        return {each: self._of(each, attempt) for each in Subject}

    def add(self, attempt: Attempt) -> None:
        past = Past(
            attempt.at,
            attempt.customer_id,
            attempt.amount.cents,
            attempt.card_digest,
            attempt.address_digest,
            attempt.device_digest,
            attempt.ip_digest,
        )
        for subject in Subject:
            seen = self._seen[subject, str(attempt.digest(subject))]
            seen.insert(0, past)
            del seen[KEPT:]

    def _of(self, subject: Subject, attempt: Attempt) -> list[Past]:
        seen = self._seen[subject, str(attempt.digest(subject))]
        while seen and seen[-1].at <= attempt.at - HORIZON:
            seen.pop()
        return seen


def observed(attempts: list[Attempt]) -> Iterator[Signals]:
    """The signals of each attempt, from its past alone."""
    index = AttemptIndex()
    for attempt in attempts:
        yield signals(attempt, index.history(attempt))
        index.add(attempt)
