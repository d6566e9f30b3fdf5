"""A workload of concurrent customers, each doing one task, while processes are killed."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from api.containers.container import Container
from evals.faults.clients import RetryingClient, Task, TaskFailed
from evals.faults.invariants import EffectCounts, Finding, count_effects, customer_violations, differences
from evals.faults.shop import register_customer
from foundation.auth import Principal, Role


@dataclass(frozen=True)
class TaskRun:
    customer_id: str
    task: Task


class Workload:
    """`tasks` run concurrently, each for one new customer after another."""

    def __init__(self, container: Container, address: str, *, tasks: Sequence[Task]) -> None:
        self._container = container
        self._address = address
        self._numbers = count(1)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run_repeatedly, args=(task,)) for task in tasks]
        self.runs: list[TaskRun] = []
        self.findings: list[Finding] = []
        self.interrupted_requests = 0

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Start no more tasks and wait for those under way."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def inspect(self, baselines: Mapping[Task, EffectCounts]) -> list[Finding]:
        found = list(self.findings)
        for each in self.runs:
            ledger = self._container.infrastructure.ledger
            theirs = [
                *differences(count_effects(ledger, each.customer_id), baselines[each.task]),
                *customer_violations(ledger, each.customer_id),
            ]
            found += [
                Finding(f.kind, f"{each.task.__name__} of {each.customer_id}: {f.text}") for f in theirs
            ]
        return found

    def _run_repeatedly(self, task: Task) -> None:
        while not self._stopping.is_set():
            self.run_task(task)

    def run_task(self, task: Task) -> str:
        """Run the task for one new customer; their id."""
        number = next(self._numbers)
        customer_id = f"cus_{task.__name__}_{number}"
        register_customer(self._container, customer_id)
        token = self._container.infrastructure.tokens.issue(Principal(customer_id, Role.CUSTOMER))
        client = RetryingClient(self._address, token, number=number)
        try:
            task(client, customer_id)
        except TaskFailed as failure:
            self.findings.append(Finding("lost_messages", f"{customer_id}: {failure}"))
        finally:
            client.close()
        self.interrupted_requests += client.interrupted_requests
        self.runs.append(TaskRun(customer_id, task))
        return customer_id
