"""The small shop for fault injection: its products, its raffle and its customers."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta

from api.containers.container import Container, build_container
from commerce.age.models import AgeSubmission
from commerce.customers.models import NewCustomer
from commerce.inventory.models import Category, Effect, Flavour, Product
from commerce.raffles import store as raffle_store
from commerce.raffles.models import Raffle, RaffleStatus
from evals.environment import Environment, temporary_environment
from foundation.clock import system_clock
from foundation.money import Money
from foundation.settings import Settings

RAFFLE = "rfl_spring"
NAMES = ("Night Owl Gummies", "Deep Bear Gummies", "Quiet Hour Tincture", "Rolling Tray")
GIFT = NAMES[-1]
INITIAL_STOCK = 100_000
"""Units of each product before the first sale."""


@contextmanager
def temporary_shop(**given: str) -> Iterator[Environment]:
    """A temporary environment with products in stock and an open raffle; `given` are settings."""
    with temporary_environment(given) as environment:
        seed_shop(environment.settings)
        yield environment


def register_customer(container: Container, customer_id: str) -> None:
    """Register a customer of age with a card that is approved."""
    person = NewCustomer("Ana Alvarez", f"{customer_id}@example.com", state="TX")
    container.commerce.customers.service.register(person, customer_id=customer_id)
    container.commerce.payments.service.cards.add(customer_id, nonce="tok_approve")
    container.commerce.age.service.verify(
        customer_id, AgeSubmission("Ana Alvarez", date(1990, 5, 1), "TX", "4821")
    )


def seed_shop(settings: Settings) -> None:
    """Stock products and open a raffle with more tickets than can be sold."""
    now = system_clock()
    with closing(build_container(settings)) as container:
        container.commerce.inventory.put([_product(number, name, now) for number, name in enumerate(NAMES)])
        with container.infrastructure.ledger.transaction() as connection:
            raffle_store.add(connection, _raffle(now), created_at=now)


def _product(number: int, name: str, now: datetime) -> Product:
    return Product(
        id=f"prd_{number}",
        source="demo",
        sku=f"SKU-{number}",
        name=name,
        brand="Lumen",
        category=Category.EDIBLE,
        description="For the evening.",
        effects=(Effect.SLEEP,),
        flavours=(Flavour.BERRY,),
        cbd_mg=250.0,
        thc_mg=5.0,
        price=Money(28_00),
        quantity=INITIAL_STOCK,
        available=True,
        updated_at=now,
        attributes={"gift": True} if name == GIFT else {},
    )


def _raffle(now: datetime) -> Raffle:
    return Raffle(
        id=RAFFLE,
        title="Spring Raffle",
        prize="A garden bench",
        ticket_price=Money(5_00),
        max_tickets=1_000_000,
        per_customer_limit=10,
        minimum_age=21,
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=3_650),
        status=RaffleStatus.OPEN,
        sold=0,
    )
