"""A shop full of customers who may buy, and the same work done by one, ten or a hundred of them at a time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import numpy as np

from api.containers.shop import Shop
from commerce.age.models import AgeSubmission
from commerce.customers.models import NewCustomer
from commerce.inventory.models import Category, Product
from commerce.raffles import store as raffle_store
from commerce.raffles.models import Raffle, RaffleStatus
from foundation.money import Money

PRODUCTS = 60
PLENTY = 1_000_000
LAST = 10
RARE, RAFFLE = "prd_rare", "raf_bench"
BATCH = 50
ADULT = AgeSubmission("Bea Bench", date(1988, 4, 12), "TX", "0000")
OPENED = datetime(2026, 3, 1, tzinfo=UTC)
Task = TypeVar("Task")


@dataclass(frozen=True)
class Pace:
    """How fast a crowd got through its work."""

    per_second: float
    p50_ms: float
    p95_ms: float


def settle(shop: Shop, *, customers: int) -> list[str]:
    """Stock the shelf, open a raffle, and let that many customers in; their ids."""
    shop.inventory.put([*(_product(number) for number in range(PRODUCTS)), _product(0, id=RARE, left=LAST)])
    _open_raffle(shop)
    ids = [f"cus_{number:05d}" for number in range(customers)]
    for start in range(0, customers, BATCH):
        with shop.ledger.transaction():
            for customer_id in ids[start : start + BATCH]:
                _welcome(shop, customer_id)
    return ids


def basket(number: int) -> tuple[tuple[str, int], ...]:
    """Two products, the popular ones more often."""
    first = number * number % PRODUCTS
    return ((f"prd_{first:03d}", 1), (f"prd_{(first + 1 + number % 7) % PRODUCTS:03d}", 2))


def rush(
    work: Callable[[Task], object], tasks: Sequence[Task], *, clients: int, doors: int | None = None
) -> Pace:
    """Every task once, by so many clients who each begin the next as soon as they are done.

    With `doors`, that many are let in at a time and the others wait in line, as in the API.
    """
    with ThreadPoolExecutor(doors or clients) as inside:
        admitted = work if doors is None else lambda task: inside.submit(work, task).result()
        return _timed(admitted, tasks, clients=clients)


def _timed(work: Callable[[Task], object], tasks: Sequence[Task], *, clients: int) -> Pace:

    def timed(task: Task) -> float:
        started = time.perf_counter()
        work(task)
        return (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(clients) as crowd:
        started = time.perf_counter()
        spent = list(crowd.map(timed, tasks))
        seconds = time.perf_counter() - started
    return Pace(len(tasks) / seconds, float(np.percentile(spent, 50)), float(np.percentile(spent, 95)))


def _welcome(shop: Shop, customer_id: str) -> None:
    person = NewCustomer("Bea Bench", f"{customer_id}@example.com", state="TX")
    shop.customers.register(person, customer_id=customer_id)
    shop.payments.add_card(customer_id, nonce=f"tok_approve.{customer_id}")
    shop.ages.verify(customer_id, ADULT)


def _product(number: int, *, id: str = "", left: int = PLENTY) -> Product:
    return Product(
        id=id or f"prd_{number:03d}",
        source="bench",
        sku=id or f"SKU-{number:03d}",
        name=f"Gummies {number}",
        brand="Bench",
        category=Category.EDIBLE,
        description="Ten soft gummies.",
        effects=(),
        flavours=(),
        cbd_mg=0,
        thc_mg=0,
        price=Money(1_000 + 37 * number),
        quantity=left,
        available=True,
        updated_at=OPENED,
    )


def _open_raffle(shop: Shop) -> None:
    now = shop.now()
    raffle = Raffle(
        id=RAFFLE,
        title="Bench Raffle",
        prize="a bench",
        ticket_price=Money(5_00),
        max_tickets=100_000,
        per_customer_limit=10,
        minimum_age=21,
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=7),
        status=RaffleStatus.OPEN,
        sold=0,
    )
    with shop.ledger.transaction() as connection:
        raffle_store.add(connection, raffle, created_at=now)
