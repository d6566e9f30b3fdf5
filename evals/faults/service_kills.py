"""Kill processes of a running service at random moments while customers shop."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from time import monotonic

import numpy as np
from sqlalchemy import func, select

from agent.turns.models import TurnStatus
from agent.turns.tables import turns
from api.containers.container import Container, build_container
from commerce.checkout.models import OrderStatus
from commerce.checkout.store import orders
from evals.environment import Environment
from evals.faults.clients import Task, chat, job, order, press, shop
from evals.faults.invariants import (
    EffectCounts,
    Finding,
    Outcome,
    count_effects,
    delivery_violations,
    shop_violations,
)
from evals.faults.relay_kills import warehouse_outage
from evals.faults.service import VALKEY, WORKER_JOB, WORKER_MAIN, SupervisedService, running
from evals.faults.workload import Workload
from foundation.queue import JOBS

WAREHOUSE = "warehouse"
"""No process to kill: it is made unavailable for a while."""
KILLS = {
    "api": 20,
    **{"worker": 6, WORKER_MAIN: 6, WORKER_JOB: 6},
    **{"scheduler": 2, "relay": 2, VALKEY: 2, WAREHOUSE: 1},
}
TASKS: tuple[Task, ...] = (chat, shop, press, order, job, job)
SETTINGS = {
    "PORT": "0",
    "TURN_LEASE_SECONDS": "3",
    "REQUESTS_PER_MINUTE": "1000000",
    "WAREHOUSE_BATCH_SECONDS": "1",
}
"""A short lease, so that many kills fit into a few minutes."""
PAUSE_SECONDS = (0.1, 1.5)
OUTAGE_SECONDS = 5.0
QUIESCENCE_TIMEOUT_SECONDS = 150.0


def kill_service_processes(
    environment: Environment,
    outcome: Outcome,
    *,
    seed: int,
    kills: Mapping[str, int] = KILLS,
    tasks: Sequence[Task] = TASKS,
) -> int:
    """Kill each target as often as `kills` says; the number of interrupted requests."""
    draws = np.random.default_rng(seed)
    targets = [target for target, number in kills.items() for _ in range(number)]
    plan = [targets[at] for at in draws.permutation(len(targets))]
    with closing(build_container(environment.settings)) as container, running(environment) as service:
        workload = Workload(container, service.address, tasks=tasks)
        baselines = _measure_baselines(workload, container, tasks)
        workload.start()
        try:
            for target in plan:
                service.await_restart(target)
                _wait(draws.uniform(*PAUSE_SECONDS))
                if _inject(service, environment, target):
                    outcome.kills[target] += 1
        finally:
            workload.stop()
        service.await_all_up()
        outcome.findings += _await_quiescence(container)
        outcome.findings += workload.inspect(baselines)
        outcome.findings += [
            *shop_violations(container.infrastructure.ledger),
            *delivery_violations(container.infrastructure.ledger, container.infrastructure.warehouse),
        ]
        return workload.interrupted_requests


def _measure_baselines(
    workload: Workload, container: Container, tasks: Sequence[Task]
) -> dict[Task, EffectCounts]:
    """The effects of each task without kills."""
    customers = {task: workload.run_task(task) for task in dict.fromkeys(tasks)}
    _await_quiescence(container)
    return {
        task: count_effects(container.infrastructure.ledger, customer_id)
        for task, customer_id in customers.items()
    }


def _inject(service: SupervisedService, environment: Environment, target: str) -> bool:
    """Whether there was a process to kill."""
    if target != WAREHOUSE:
        return service.kill(target)
    with warehouse_outage(environment.settings.warehouse.folder):
        _wait(OUTAGE_SECONDS)
    return True


def _await_quiescence(container: Container) -> list[Finding]:
    """Wait until no work is left; what is still unfinished at the timeout."""
    deadline = monotonic() + QUIESCENCE_TIMEOUT_SECONDS
    while unfinished := _unfinished(container):
        if monotonic() > deadline:
            return [
                Finding("unfinished_turns", f"{each} after {QUIESCENCE_TIMEOUT_SECONDS:g} s")
                for each in unfinished
            ]
        _wait(0.5)
    return []


def _unfinished(container: Container) -> list[str]:
    """Issues free entries too, since the scheduler does so only at intervals."""
    count = select(func.count())
    with container.infrastructure.ledger.transaction() as tx:
        open_turns = tx.scalar(count.select_from(turns).where(turns.c.status != TurnStatus.DONE))
        jobs = tx.scalar(count.select_from(JOBS).where(JOBS.c.finished_at.is_(None)))
        pending = tx.scalar(count.select_from(orders).where(orders.c.status == OrderStatus.PENDING))
    events = sum(lag.waiting for lag in container.infrastructure.outbox.lag())
    entries = container.commerce.raffles.free_entries.issue_waiting()
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
