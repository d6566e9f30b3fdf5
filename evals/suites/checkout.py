"""Checkouts a second, beside the same statements without the program; what is oversold or charged twice."""

import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

import psycopg
from sqlalchemy import func, select

from api.containers.shop import Shop
from api.containers.spares import Spares
from commerce.checkout.models import OrderStatus, Request
from commerce.inventory.models import OutOfStock
from commerce.payments.sandbox import sandbox_charges
from evals.benchmarks.turns.cpu_time import cpu_ms
from evals.checkout.statement_recording import Player, Recorder, Tape, mean_statements
from evals.checkout.workload import LAST, PLENTY, RAFFLE, RARE, Pace, basket, rush, settle
from evals.environment import Environment, temporary_environment
from evals.report import Figure, Goal, Report
from foundation.clock import system_clock

CLIENTS = (1, 10, 100)
MOST = CLIENTS[-1]
EACH = 300
WARM_UP = 20
COPIES = ("floor_pooled", "floor_own")
"""Of the shop before the first checkout."""
GOALS: dict[str, Goal] = {
    f"share of the floor at {MOST} clients": (">=", 0.15),
    f"checkout p95 ms at {MOST} clients": ("<=", 2_000),
    "oversold": ("==", 0),
    "double charges": ("==", 0),
    "orders lost": ("==", 0),
}


@dataclass(frozen=True)
class Sold:
    """What one crowd's checkouts took. CPU is per checkout."""

    pace: Pace
    own_cpu_ms: float
    database_cpu_ms: float
    tapes: Sequence[Tape]


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--each", type=int, default=EACH, help="checkouts for each number of clients")


def run(options: Namespace) -> Report:
    each: int = options.each
    with temporary_environment(durable=True) as environment:
        with closing(_shop(environment)) as shop:
            customers = settle(shop, customers=WARM_UP + each * len(CLIENTS))
        _copy(environment)
        with closing(_shop(environment)) as shop:
            crowds = _sell(environment, shop, customers, each=each)
            rare, tickets = _scramble(shop, customers), _enter(shop, customers)
            wrong = _wrong(shop, customers)
        floors = _floors(environment, crowds)
    statements, commits = mean_statements(crowds[MOST].tapes)
    fastest = max(floor[MOST].per_second for floor in floors.values())
    share = crowds[MOST].pace.per_second / fastest
    figures: dict[str, Figure] = {
        f"share of the floor at {MOST} clients": share,
        "statements per checkout": statements,
        "commits per checkout": commits,
        "last ten, checkout p95 ms": rare.p95_ms,
        "raffle tickets p95 ms": tickets.p95_ms,
        **wrong,
    }
    for clients, sold in crowds.items():
        figures |= _paced(sold.pace, clients)
        figures[f"own CPU ms at {clients} clients"] = sold.own_cpu_ms
        figures[f"database CPU ms at {clients} clients"] = sold.database_cpu_ms
    return Report("checkout", figures, GOALS, _peers(floors), notes=_notes(each))


def _notes(each: int) -> list[str]:
    return [
        f"{each} checkouts of two products by each crowd, each by another customer, with durable commits",
        "no more of a crowd are inside at once than the API has threads; the others wait in line",
        "the sandbox gateway keeps its book in the same database, so its statements are a part of both",
        "the peers say the same statements on copies of the shop as it was before the first sale, once with"
        " the program's number of connections, once with one for each client; the faster one is the floor",
        "beyond the floor goes: SQLAlchemy's building of statements and rows, sealing, pricing, waiting for"
        " the interpreter's lock",
        f"{MOST} buyers at once for the last {LAST} pieces, then {MOST} at once for tickets of one raffle",
    ]


def _peers(floors: dict[str, dict[int, Pace]]) -> dict[str, dict[str, Figure]]:
    peers: dict[str, dict[str, Figure]] = {}
    for name, floor in floors.items():
        peers[name] = {}
        for clients, pace in floor.items():
            peers[name] |= _paced(pace, clients)
    return peers


def _shop(environment: Environment) -> Shop:
    return Shop(environment.settings, now=system_clock, spares=Spares())


def _doors(shop: Shop) -> int:
    """How many threads the API lets in at once."""
    return shop.settings.ledger.pool_size // 2


def _copy(environment: Environment) -> None:
    url = environment.settings.ledger.url.replace("+psycopg", "").replace("@/postgres?", "@/template1?")
    with psycopg.connect(url, autocommit=True) as connection:
        for name in COPIES:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE postgres")


def _sell(environment: Environment, shop: Shop, customers: Sequence[str], *, each: int) -> dict[int, Sold]:
    with closing(Recorder(shop.ledger)) as recorder:
        _crowd(environment, shop, recorder, customers[:WARM_UP], clients=4)
        crowds = {}
        for turn, clients in enumerate(CLIENTS):
            start = WARM_UP + turn * each
            crowds[clients] = _crowd(
                environment, shop, recorder, customers[start : start + each], clients=clients
            )
    return crowds


def _crowd(
    environment: Environment, shop: Shop, recorder: Recorder, customers: Sequence[str], *, clients: int
) -> Sold:
    tapes: list[Tape] = []

    def buy(customer_id: str) -> None:
        with recorder.taping() as tape:
            request = Request(basket(int(customer_id[4:])), source="bench")
            shop.checkout.place(customer_id, request=request, key=f"bench-{customer_id}")
        tapes.append(tape)

    database = [process] if (process := environment.postgres.process()) else []
    own, theirs = time.process_time(), cpu_ms(database)
    pace = rush(buy, customers, clients=clients, doors=_doors(shop))
    count = len(customers)
    own_ms = (time.process_time() - own) * 1000 / count
    return Sold(pace, own_ms, (cpu_ms(database) - theirs) / count, tapes)


def _scramble(shop: Shop, customers: Sequence[str]) -> Pace:
    """Everybody wants one of the last pieces."""

    def buy(customer_id: str) -> None:
        with suppress(OutOfStock):
            request = Request(((RARE, 1),), source="bench")
            shop.checkout.place(customer_id, request=request, key=f"rare-{customer_id}")

    return rush(buy, customers[-MOST:], clients=MOST, doors=_doors(shop))


def _enter(shop: Shop, customers: Sequence[str]) -> Pace:
    def buy(customer_id: str) -> None:
        shop.raffles.buy_tickets(customer_id, raffle_id=RAFFLE, quantity=1, key=f"raffle-{customer_id}")

    return rush(buy, customers[-MOST:], clients=MOST, doors=_doors(shop))


def _wrong(shop: Shop, customers: Sequence[str]) -> dict[str, Figure]:
    """Counted from the books: what was sold beyond the stock, charged without an order, or not booked."""
    orders = shop.checkout.latest(limit=10 * len(customers))
    sold: Counter[str] = Counter()
    for order in orders:
        if order.status is not OrderStatus.FAILED:
            sold.update(order.quantities)
    stocked = {product.id: product for product in shop.inventory.products()}
    had = {each: LAST if each == RARE else PLENTY for each in stocked}
    charged = select(func.count()).where(sandbox_charges.c.verdict == "approved")
    with shop.ledger.transaction() as connection:
        charges = connection.execute(charged).scalar_one()
    paid = sum(order.status is OrderStatus.PAID for order in orders)
    tickets = len(customers[-MOST:])
    return {
        "oversold": float(sum(max(0, sold[each] - had[each]) for each in had)),
        "stock that does not add up": float(
            sum(had[each] - sold[each] != product.quantity for each, product in stocked.items())
        ),
        "double charges": float(charges - paid - tickets),
        "orders lost": float(len(customers) + LAST - paid),
    }


def _floors(environment: Environment, crowds: dict[int, Sold]) -> dict[str, dict[int, Pace]]:
    size = environment.settings.ledger.pool_size
    beside = max(1, size // 4)
    pooled, own = COPIES
    return {
        "psycopg, same pools": _play(environment, crowds, pooled, main=size - beside, beside=beside),
        "psycopg, a connection each": _play(environment, crowds, own, main=MOST, beside=MOST // 2),
    }


def _play(
    environment: Environment, crowds: dict[int, Sold], name: str, *, main: int, beside: int
) -> dict[int, Pace]:
    url = environment.settings.ledger.url.replace("@/postgres?", f"@/{name}?")
    with closing(Player(url, main=main, beside=beside)) as player:
        return {clients: rush(player.play, sold.tapes, clients=clients) for clients, sold in crowds.items()}


def _paced(pace: Pace, clients: int) -> dict[str, Figure]:
    return {
        f"checkouts a second at {clients} clients": pace.per_second,
        f"checkout p50 ms at {clients} clients": pace.p50_ms,
        f"checkout p95 ms at {clients} clients": pace.p95_ms,
    }
