"""Processes of a running service killed at random moments, again and again, while customers shop."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from time import monotonic

import numpy as np
from sqlalchemy import func, select

from agent.turns.models import TurnStatus
from agent.turns.tables import turns
from api.containers import House, build
from commerce.checkout.models import OrderStatus
from commerce.checkout.store import orders
from evals.environment import Place
from evals.faults.clients import Errand, chat, job, order, press, shop
from evals.faults.invariants import Ending, Finding, Outcome, ending, strays, undelivered
from evals.faults.relay_kills import away
from evals.faults.service import VALKEY, WORK_HORSE, WORKER_ALONE, Service, running
from evals.faults.workload import Crowd
from foundation.queue import JOBS

WAREHOUSE = "warehouse"
"""Nothing to kill, but it may be away for a while."""
STRIKES = {
    "api": 20,
    **{"worker": 6, WORKER_ALONE: 6, WORK_HORSE: 6},
    **{"scheduler": 2, "relay": 2, VALKEY: 2, WAREHOUSE: 1},
}
LANES: tuple[Errand, ...] = (chat, shop, press, order, job, job)
SETTINGS = {
    "PORT": "0",
    "TURN_LEASE_SECONDS": "3",
    "REQUESTS_PER_MINUTE": "1000000",
    "WAREHOUSE_BATCH_SECONDS": "1",
}
"""A short lease, so that an hour's worth of deaths goes into a few minutes."""
LULL_SECONDS = (0.1, 1.5)
AWAY_SECONDS = 5.0
SETTLED_SECONDS = 150.0


def strike(
    place: Place,
    outcome: Outcome,
    *,
    seed: int,
    strikes: Mapping[str, int] = STRIKES,
    lanes: Sequence[Errand] = LANES,
) -> int:
    """Strike as often as `strikes` says; how many requests were cut off by it."""
    draws = np.random.default_rng(seed)
    every = [target for target, number in strikes.items() for _ in range(number)]
    plan = [every[at] for at in draws.permutation(len(every))]
    with closing(build(place.settings)) as house, running(place) as service:
        crowd = Crowd(house, service.address, lanes=lanes)
        rehearsed = _rehearse(crowd, house, lanes)
        crowd.open()
        try:
            for target in plan:
                service.await_back(target)
                _wait(draws.uniform(*LULL_SECONDS))
                if _strike(service, place, target):
                    outcome.kills[target] += 1
        finally:
            crowd.close()
        service.await_all()
        outcome.findings += _settled(house)
        outcome.findings += crowd.inspect(rehearsed)
        outcome.findings += [*strays(house.ledger), *undelivered(house.ledger, house.warehouse)]
        return crowd.cuts


def _rehearse(crowd: Crowd, house: House, lanes: Sequence[Errand]) -> dict[Errand, Ending]:
    """What each errand comes to when nobody is killed."""
    customers = {errand: crowd.do(errand) for errand in dict.fromkeys(lanes)}
    _settled(house)
    return {errand: ending(house.ledger, who) for errand, who in customers.items()}


def _strike(service: Service, place: Place, target: str) -> bool:
    """Whether there was something to strike."""
    if target != WAREHOUSE:
        return service.kill(target)
    with away(place.settings.warehouse.folder):
        _wait(AWAY_SECONDS)
    return True


def _settled(house: House) -> list[Finding]:
    """What is still unfinished after everybody had time to finish it."""
    deadline = monotonic() + SETTLED_SECONDS
    while left := _left(house):
        if monotonic() > deadline:
            return [Finding("unfinished_turns", f"{each} after {SETTLED_SECONDS:g} s") for each in left]
        _wait(0.5)
    return []


def _left(house: House) -> list[str]:
    """Free entries are issued here too: the scheduler comes to them only now and then."""
    count = select(func.count())
    with house.ledger.transaction() as tx:
        open_turns = tx.scalar(count.select_from(turns).where(turns.c.status != TurnStatus.DONE))
        jobs = tx.scalar(count.select_from(JOBS).where(JOBS.c.finished_at.is_(None)))
        pending = tx.scalar(count.select_from(orders).where(orders.c.status == OrderStatus.PENDING))
    events = sum(lag.waiting for lag in house.outbox.lag())
    entries = house.free_entries.issue_waiting()
    waiting = {
        "turns": open_turns,
        "jobs": jobs,
        "orders": pending,
        "events": events,
        "free entries": entries,
    }
    return [f"{number} {name} wait" for name, number in waiting.items() if number]


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
