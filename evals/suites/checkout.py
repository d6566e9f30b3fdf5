"""Checkout throughput, compared with a replay of the same SQL; products oversold, double charges."""

import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

import psycopg
from sqlalchemy import func, select

from api.containers.container import Container, build_container
from commerce.checkout.models import OrderStatus, Request
from commerce.inventory.models import OutOfStock
from commerce.payments.sandbox import sandbox_charges
from evals.benchmarks.turns.cpu_time import cpu_ms
from evals.checkout.statement_recording import (
    Recording,
    StatementRecorder,
    StatementReplayer,
    mean_statements,
)
from evals.checkout.workload import (
    AMPLE_STOCK,
    RAFFLE,
    RARE,
    RARE_STOCK,
    LoadResult,
    basket,
    run_concurrently,
    seed_shop,
)
from evals.environment import Environment, temporary_environment
from evals.report import Figure, Goal, Report

CLIENTS = (1, 10, 100)
MAX_CLIENTS = CLIENTS[-1]
CHECKOUTS = 300
WARM_UP = 20
COPIES = ("floor_pooled", "floor_own")
"""Databases copied from the shop before its first checkout."""
GOALS: dict[str, Goal] = {
    f"share of the floor at {MAX_CLIENTS} clients": (">=", 0.15),
    f"checkout p95 ms at {MAX_CLIENTS} clients": ("<=", 2_000),
    "oversold": ("==", 0),
    "double charges": ("==", 0),
    "orders lost": ("==", 0),
}


@dataclass(frozen=True)
class WorkloadResult:
    """One run of the workload. CPU is per checkout."""

    load: LoadResult
    own_cpu_ms: float
    database_cpu_ms: float
    recordings: Sequence[Recording]


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--each", type=int, default=CHECKOUTS, help="checkouts for each number of clients")


def run(options: Namespace) -> Report:
    each: int = options.each
    with temporary_environment(durable=True) as environment:
        with closing(_open_shop(environment)) as shop:
            customers = seed_shop(shop, customers=WARM_UP + each * len(CLIENTS))
        _copy_databases(environment)
        with closing(_open_shop(environment)) as shop:
            results = _run_workloads(environment, shop, customers, each=each)
            rare, tickets = _buy_rare_product(shop, customers), _buy_tickets(shop, customers)
            violations = _violations(shop, customers)
        floors = _floors(environment, results)
    statements, commits = mean_statements(results[MAX_CLIENTS].recordings)
    fastest = max(floor[MAX_CLIENTS].per_second for floor in floors.values())
    share = results[MAX_CLIENTS].load.per_second / fastest
    figures: dict[str, Figure] = {
        f"share of the floor at {MAX_CLIENTS} clients": share,
        "statements per checkout": statements,
        "commits per checkout": commits,
        "last ten, checkout p95 ms": rare.p95_ms,
        "raffle tickets p95 ms": tickets.p95_ms,
        **violations,
    }
    for clients, result in results.items():
        figures |= _load_figures(result.load, clients)
        figures[f"own CPU ms at {clients} clients"] = result.own_cpu_ms
        figures[f"database CPU ms at {clients} clients"] = result.database_cpu_ms
    return Report("checkout", figures, GOALS, _peers(floors), notes=_notes(each))


def _notes(each: int) -> list[str]:
    return [
        f"checkouts of two products by {each} customers for each number of clients, with durable commits",
        "at most as many checkouts run at once as the API has threads; the others queue",
        "the sandbox gateway keeps its tables in the same database, so its statements are part of both",
        "the peers replay the same statements on copies of the database before the first sale, once with"
        " the program's number of connections, once with one for each client; the faster one is the floor",
        "above the floor: SQLAlchemy's construction of statements and rows, encryption, pricing, waiting for"
        " the global interpreter lock",
        f"{MAX_CLIENTS} concurrent buyers of the last {RARE_STOCK} units, then of tickets of one raffle",
    ]


def _peers(floors: dict[str, dict[int, LoadResult]]) -> dict[str, dict[str, Figure]]:
    peers: dict[str, dict[str, Figure]] = {}
    for name, floor in floors.items():
        peers[name] = {}
        for clients, load in floor.items():
            peers[name] |= _load_figures(load, clients)
    return peers


def _open_shop(environment: Environment) -> Container:
    return build_container(environment.settings)


def _max_concurrent(shop: Container) -> int:
    """Threads of the API."""
    return shop.infrastructure.settings.ledger.pool_size // 2


def _copy_databases(environment: Environment) -> None:
    url = environment.settings.ledger.url.replace("+psycopg", "").replace("@/postgres?", "@/template1?")
    with psycopg.connect(url, autocommit=True) as connection:
        for name in COPIES:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE postgres")


def _run_workloads(
    environment: Environment, shop: Container, customers: Sequence[str], *, each: int
) -> dict[int, WorkloadResult]:
    with closing(StatementRecorder(shop.infrastructure.ledger)) as recorder:
        _run_workload(environment, shop, recorder, customers[:WARM_UP], clients=4)
        results = {}
        for turn, clients in enumerate(CLIENTS):
            start = WARM_UP + turn * each
            results[clients] = _run_workload(
                environment, shop, recorder, customers[start : start + each], clients=clients
            )
    return results


def _run_workload(
    environment: Environment,
    shop: Container,
    recorder: StatementRecorder,
    customers: Sequence[str],
    *,
    clients: int,
) -> WorkloadResult:
    recordings: list[Recording] = []

    def buy(customer_id: str) -> None:
        with recorder.record() as recording:
            request = Request(basket(int(customer_id[4:])), source="evals")
            shop.commerce.checkout.service.place(customer_id, request=request, key=f"checkout-{customer_id}")
        recordings.append(recording)

    database = [process] if (process := environment.postgres.process()) else []
    own, theirs = time.process_time(), cpu_ms(database)
    load = run_concurrently(buy, customers, clients=clients, max_concurrent=_max_concurrent(shop))
    count = len(customers)
    own_ms = (time.process_time() - own) * 1000 / count
    return WorkloadResult(load, own_ms, (cpu_ms(database) - theirs) / count, recordings)


def _buy_rare_product(shop: Container, customers: Sequence[str]) -> LoadResult:
    """All clients buy one of the last units."""

    def buy(customer_id: str) -> None:
        with suppress(OutOfStock):
            request = Request(((RARE, 1),), source="evals")
            shop.commerce.checkout.service.place(customer_id, request=request, key=f"rare-{customer_id}")

    return run_concurrently(
        buy, customers[-MAX_CLIENTS:], clients=MAX_CLIENTS, max_concurrent=_max_concurrent(shop)
    )


def _buy_tickets(shop: Container, customers: Sequence[str]) -> LoadResult:
    def buy(customer_id: str) -> None:
        shop.commerce.raffles.service.buy_tickets(
            customer_id, raffle_id=RAFFLE, quantity=1, key=f"raffle-{customer_id}"
        )

    return run_concurrently(
        buy, customers[-MAX_CLIENTS:], clients=MAX_CLIENTS, max_concurrent=_max_concurrent(shop)
    )


def _violations(shop: Container, customers: Sequence[str]) -> dict[str, Figure]:
    """Counted in the ledger: sold beyond stock, charged without an order, or not booked."""
    orders = shop.commerce.checkout.service.latest(limit=10 * len(customers))
    sold: Counter[str] = Counter()
    for order in orders:
        if order.status is not OrderStatus.FAILED:
            sold.update(order.quantities)
    stocked = {product.id: product for product in shop.commerce.inventory.products()}
    initial_stock = {each: RARE_STOCK if each == RARE else AMPLE_STOCK for each in stocked}
    charged = select(func.count()).where(sandbox_charges.c.verdict == "approved")
    with shop.infrastructure.ledger.transaction() as connection:
        charges = connection.execute(charged).scalar_one()
    paid = sum(order.status is OrderStatus.PAID for order in orders)
    tickets = len(customers[-MAX_CLIENTS:])
    return {
        "oversold": float(sum(max(0, sold[each] - initial_stock[each]) for each in initial_stock)),
        "stock that does not add up": float(
            sum(initial_stock[each] - sold[each] != product.quantity for each, product in stocked.items())
        ),
        "double charges": float(charges - paid - tickets),
        "orders lost": float(len(customers) + RARE_STOCK - paid),
    }


def _floors(environment: Environment, results: dict[int, WorkloadResult]) -> dict[str, dict[int, LoadResult]]:
    size = environment.settings.ledger.pool_size
    beside = max(1, size // 4)
    pooled, own = COPIES
    return {
        "psycopg, same pools": _replay(environment, results, pooled, main=size - beside, beside=beside),
        "psycopg, a connection each": _replay(
            environment, results, own, main=MAX_CLIENTS, beside=MAX_CLIENTS // 2
        ),
    }


def _replay(
    environment: Environment, results: dict[int, WorkloadResult], name: str, *, main: int, beside: int
) -> dict[int, LoadResult]:
    url = environment.settings.ledger.url.replace("@/postgres?", f"@/{name}?")
    with closing(StatementReplayer(url, main=main, beside=beside)) as replayer:
        return {
            clients: run_concurrently(replayer.replay, result.recordings, clients=clients)
            for clients, result in results.items()
        }


def _load_figures(load: LoadResult, clients: int) -> dict[str, Figure]:
    return {
        f"checkouts a second at {clients} clients": load.per_second,
        f"checkout p50 ms at {clients} clients": load.p50_ms,
        f"checkout p95 ms at {clients} clients": load.p95_ms,
    }
