"""What it costs to put together all that is known for an answer, among very many remembered turns."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import closing

import numpy as np
import psutil

from api.containers import build
from evals.benchmarks.turns.cpu_time import cpu_ms
from evals.context.bulk_load import SEED, fill
from evals.environment import temporary_environment
from evals.faults.shop import register_customer
from evals.report import Figure, Report
from memory.context.models import TURN_TOKENS, Depth, MemoryContext, tokens_of
from memory.context.renderer import briefing

INTERACTIONS, CUSTOMERS, ASKED = 1_000_000, 20_000, 300
WARM_UP = 20
CPU_GOAL_MS = 30.0


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--interactions", type=int, default=INTERACTIONS)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--asked", type=int, default=ASKED, help="customers who ask, each once and again")


def run(options: Namespace) -> Report:
    with temporary_environment() as environment, closing(build(environment.settings)) as house:
        said = fill(house, customers=options.customers, turns=options.interactions // options.customers)
        draws = np.random.default_rng(SEED)
        numbers = draws.choice(np.arange(1, options.customers + 1), options.asked + WARM_UP, replace=False)
        asking = [f"cus_{number:08d}" for number in numbers]
        for who in asking:
            register_customer(house, who)
        server = environment.postgres.process()
        costs = _Costs([server] if server else [])
        questions = draws.choice(said, 2 * len(asking))

        def ask(who: str, question: str, depth: Depth) -> MemoryContext:
            return costs.of(lambda: house.memory.context(who, question, depth=depth))

        for at, who in enumerate(asking[:WARM_UP]):
            ask(who, questions[at], Depth.FULL)
        costs.clear()
        full = [ask(who, questions[at], Depth.FULL) for at, who in enumerate(asking[WARM_UP:])]
        first = costs.taken()
        for at, who in enumerate(asking[WARM_UP:]):
            ask(who, questions[at + len(asking)], Depth.FULL)
        again = costs.taken()
        for at, who in enumerate(asking[WARM_UP:]):
            ask(who, questions[at], Depth.BRIEF)
        brief = costs.taken()
    figures: dict[str, Figure] = {
        "interactions": options.interactions,
        "customers": options.customers,
        **_quantiles("first context", first),
        **_quantiles("next context", again),
        **_quantiles("brief context", brief),
        "turn tokens most": max(map(_turn_tokens, full)),
        "briefing characters p95": float(np.percentile([len(briefing(each)) for each in full], 95)),
        "contexts with parts missing": sum(bool(each.missing) for each in full),
        "contexts of all parts": sum(map(_is_whole, full)) / len(full),
        "turns of another customer": sum(map(_strays, full)),
    }
    return Report(
        suite="context",
        figures=figures,
        goals={
            "first context CPU ms p95": ("<=", CPU_GOAL_MS),
            "turn tokens most": ("<=", TURN_TOKENS),
            "contexts with parts missing": ("==", 0),
            "contexts of all parts": (">=", 0.9),
            "turns of another customer": ("==", 0),
        },
        peers={"Zep (reported by its makers, wall time)": {"first context CPU ms p95": 155.0}},
        notes=[
            "CPU of this process and PostgreSQL together. The words are those of the generated shop, with "
            "their true vectors; which customer says what is drawn.",
            "First: nothing of the customer is held in this process; next: another question of the same one.",
            "All parts: facts, recent and relevant turns, products, what is expected, and standing.",
        ],
    )


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
    portrait = context.portrait
    parts = (context.facts, context.recent, context.relevant, context.products, portrait.outlook)
    return all(parts) and portrait.standing.age.verified


def _strays(context: MemoryContext) -> int:
    turns = [*context.recent, *(each.interaction for each in context.relevant)]
    return sum(turn.customer_id != context.customer_id for turn in turns)
