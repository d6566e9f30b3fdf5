"""A shop with customers who may buy, and tasks run by a given number of concurrent clients."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import numpy as np

from api.containers.container import Container
from commerce.age.models import AgeSubmission
from commerce.customers.models import NewCustomer
from commerce.inventory.models import Category, Product
from commerce.raffles import store as raffle_store
from commerce.raffles.models import Raffle, RaffleStatus
from foundation.money import Money

PRODUCTS = 60
AMPLE_STOCK = 1_000_000
RARE_STOCK = 10
RARE, RAFFLE = "prd_rare", "raf_checkout"
BATCH = 50
ADULT = AgeSubmission("Bea Buyer", date(1988, 4, 12), "TX", "0000")
OPENED = datetime(2026, 3, 1, tzinfo=UTC)
Task = TypeVar("Task")


@dataclass(frozen=True)
class LoadResult:
    """Throughput and latency of a run."""

    per_second: float
    p50_ms: float
    p95_ms: float


def seed_shop(shop: Container, *, customers: int) -> list[str]:
    """Stock products, open a raffle and register that many customers; their ids."""
    shop.commerce.inventory.put(
        [*(_product(number) for number in range(PRODUCTS)), _product(0, id=RARE, stock=RARE_STOCK)]
    )
    _open_raffle(shop)
    ids = [f"cus_{number:05d}" for number in range(customers)]
    for start in range(0, customers, BATCH):
        with shop.infrastructure.ledger.transaction():
            for customer_id in ids[start : start + BATCH]:
                _register_customer(shop, customer_id)
    return ids


def basket(number: int) -> tuple[tuple[str, int], ...]:
    """Two products; popular ones are drawn more often."""
    first = number * number % PRODUCTS
    return ((f"prd_{first:03d}", 1), (f"prd_{(first + 1 + number % 7) % PRODUCTS:03d}", 2))


def run_concurrently(
    work: Callable[[Task], object], tasks: Sequence[Task], *, clients: int, max_concurrent: int | None = None
) -> LoadResult:
    """Run each task once on a closed loop of `clients`.

    With `max_concurrent`, at most that many run at a time and the others queue, as in the API.
    """
    with ThreadPoolExecutor(max_concurrent or clients) as server:
        served = work if max_concurrent is None else lambda task: server.submit(work, task).result()
        return _timed(served, tasks, clients=clients)


def _timed(work: Callable[[Task], object], tasks: Sequence[Task], *, clients: int) -> LoadResult:

    def run_timed(task: Task) -> float:
        started = time.perf_counter()
        work(task)
        return (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(clients) as clients_pool:
        started = time.perf_counter()
        milliseconds = list(clients_pool.map(run_timed, tasks))
        seconds = time.perf_counter() - started
    return LoadResult(
        len(tasks) / seconds, float(np.percentile(milliseconds, 50)), float(np.percentile(milliseconds, 95))
    )


def _register_customer(shop: Container, customer_id: str) -> None:
    person = NewCustomer("Bea Buyer", f"{customer_id}@example.com", state="TX")
    shop.commerce.customers.service.register(person, customer_id=customer_id)
    shop.commerce.payments.service.cards.add(customer_id, nonce=f"tok_approve.{customer_id}")
    shop.commerce.age.service.verify(customer_id, ADULT)


def _product(number: int, *, id: str = "", stock: int = AMPLE_STOCK) -> Product:
    return Product(
        id=id or f"prd_{number:03d}",
        source="evals",
        sku=id or f"SKU-{number:03d}",
        name=f"Gummies {number}",
        brand="Lumen",
        category=Category.EDIBLE,
        description="Ten soft gummies.",
        effects=(),
        flavours=(),
        cbd_mg=0,
        thc_mg=0,
        price=Money(1_000 + 37 * number),
        quantity=stock,
        available=True,
        updated_at=OPENED,
    )


def _open_raffle(shop: Container) -> None:
    now = shop.infrastructure.clock()
    raffle = Raffle(
        id=RAFFLE,
        title="Checkout Raffle",
        prize="a gift card",
        ticket_price=Money(5_00),
        max_tickets=100_000,
        per_customer_limit=10,
        minimum_age=21,
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=7),
        status=RaffleStatus.OPEN,
        sold=0,
    )
    with shop.infrastructure.ledger.transaction() as connection:
        raffle_store.add(connection, raffle, created_at=now)
