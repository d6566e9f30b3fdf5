"""Cost of building the context of an answer in a memory with very many turns."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import psutil

from api.containers.container import Container, build_container
from evals.benchmarks.turns.cpu_time import cpu_ms
from evals.context.bulk_load import SEED, fill
from evals.environment import temporary_environment
from evals.faults.shop import register_customer
from evals.report import Figure, Report
from memory.context.models import TURN_TOKENS, Depth, MemoryContext, tokens_of
from memory.context.renderer import render_context

INTERACTIONS, CUSTOMERS, ASKED = 1_000_000, 20_000, 300
WARM_UP = 20
CPU_GOAL_MS = 30.0


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--interactions", type=int, default=INTERACTIONS)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--asked", type=int, default=ASKED, help="customers who ask, twice each")


def run(options: Namespace) -> Report:
    with temporary_environment() as environment, closing(build_container(environment.settings)) as container:
        said = fill(container, customers=options.customers, turns=options.interactions // options.customers)
        draws = np.random.default_rng(SEED)
        numbers = draws.choice(np.arange(1, options.customers + 1), options.asked + WARM_UP, replace=False)
        customer_ids = [f"cus_{number:08d}" for number in numbers]
        for customer_id in customer_ids:
            register_customer(container, customer_id)
        server = environment.postgres.process()
        costs = _Costs([server] if server else [])
        questions = draws.choice(said, 2 * len(customer_ids)).tolist()
        measured = _measure(container, customer_ids, questions, costs)
    return Report(
        suite="context",
        figures={
            "interactions": options.interactions,
            "customers": options.customers,
            **_figures(measured),
        },
        goals={
            "first context CPU ms p95": ("<=", CPU_GOAL_MS),
            "turn tokens most": ("<=", TURN_TOKENS),
            "contexts with parts missing": ("==", 0),
            "contexts of all parts": (">=", 0.9),
            "turns of another customer": ("==", 0),
        },
        peers={"Zep (reported by its makers, wall time)": {"first context CPU ms p95": 155.0}},
        notes=[
            "CPU of this process and PostgreSQL together. The sentences are those of the generated shop with "
            "their real vectors, assigned to customers at random.",
            "First: nothing of the customer is cached in the process; next: another question of the same.",
            "All parts: facts, recent and relevant turns, products, forecast, eligibility.",
        ],
    )


@dataclass(frozen=True)
class _Measured:
    """The contexts of first questions, and the CPU milliseconds of first, next and brief ones."""

    contexts: Sequence[MemoryContext]
    first: Sequence[float]
    again: Sequence[float]
    brief: Sequence[float]


def _measure(
    container: Container, customer_ids: Sequence[str], questions: Sequence[str], costs: "_Costs"
) -> _Measured:
    """The first `WARM_UP` customers are not measured."""
    asking = list(enumerate(customer_ids))

    def ask(customer_id: str, question: str, depth: Depth) -> MemoryContext:
        return costs.of(lambda: container.memory.engine.context(customer_id, question, depth=depth))

    for at, customer_id in asking[:WARM_UP]:
        ask(customer_id, questions[at], Depth.FULL)
    costs.clear()
    contexts = [ask(customer_id, questions[at], Depth.FULL) for at, customer_id in asking[WARM_UP:]]
    first = costs.taken()
    for at, customer_id in asking[WARM_UP:]:
        ask(customer_id, questions[at + len(asking)], Depth.FULL)
    again = costs.taken()
    for at, customer_id in asking[WARM_UP:]:
        ask(customer_id, questions[at], Depth.BRIEF)
    return _Measured(contexts, first, again, brief=costs.taken())


def _figures(measured: _Measured) -> dict[str, Figure]:
    contexts = measured.contexts
    return {
        **_quantiles("first context", measured.first),
        **_quantiles("next context", measured.again),
        **_quantiles("brief context", measured.brief),
        "turn tokens most": max(map(_turn_tokens, contexts)),
        "rendered context characters p95": float(
            np.percentile([len(render_context(each)) for each in contexts], 95)
        ),
        "contexts with parts missing": sum(bool(each.missing) for each in contexts),
        "contexts of all parts": sum(map(_is_whole, contexts)) / len(contexts),
        "turns of another customer": sum(map(_strays, contexts)),
    }


class _Costs:
    def __init__(self, servers: Sequence[psutil.Process]) -> None:
        self._servers = servers
        self._spent: list[float] = []

    def of(self, act: Callable[[], MemoryContext]) -> MemoryContext:
        elsewhere, began = cpu_ms(self._servers), time.process_time()
        done = act()
        own = (time.process_time() - began) * 1000
        self._spent.append(own + cpu_ms(self._servers) - elsewhere)
        return done

    def clear(self) -> None:
        self._spent = []

    def taken(self) -> list[float]:
        spent, self._spent = self._spent, []
        return spent


def _quantiles(name: str, costs: Sequence[float]) -> dict[str, Figure]:
    return {f"{name} CPU ms p{share}": float(np.percentile(costs, share)) for share in (50, 95)}


def _turn_tokens(context: MemoryContext) -> float:
    return float(sum(map(tokens_of, [*context.recent, *(each.interaction for each in context.relevant)])))


def _is_whole(context: MemoryContext) -> bool:
    view = context.view
    parts = (context.facts, context.recent, context.relevant, context.products, view.forecast)
    return all(parts) and view.eligibility.age.verified


def _strays(context: MemoryContext) -> int:
    turns = [*context.recent, *(each.interaction for each in context.relevant)]
    return sum(turn.customer_id != context.customer_id for turn in turns)
