"""A small shop on servers of its own, in a folder that disappears with it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from api.bootstrap import House, build
from commerce.age.models import AgeSubmission
from commerce.customers.models import NewCustomer
from commerce.inventory.models import Category, Effect, Flavour, Product
from commerce.raffles import store as raffle_store
from commerce.raffles.models import Raffle, RaffleStatus
from foundation.clock import system_clock
from foundation.embedded import EmbeddedPostgres, EmbeddedValkey
from foundation.migrations import migrate
from foundation.money import Money
from foundation.settings import Settings, load_settings
from foundation.sql import metadata, open_ledger

NO_VENDOR = ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")
"""Settings that would bring in another model than the one on this machine."""
RAFFLE = "rfl_spring"
NAMES = ("Night Owl Gummies", "Deep Bear Gummies", "Quiet Hour Tincture")


@dataclass(frozen=True)
class Place:
    """`environment` is what a program needs to work here."""

    settings: Settings
    environment: dict[str, str]
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    @property
    def folder(self) -> Path:
        return self.settings.var


@contextmanager
def open_place(**given: str) -> Iterator[Place]:
    """Servers run, tables are made and the shelves are full; `given` are settings."""
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir="/tmp"))
    models = load_settings().var.resolve() / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "models").symlink_to(models)
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    valkey = EmbeddedValkey(folder / "valkey")
    try:
        environment = {
            "APP_ENV": "test",
            "VAR_DIR": str(folder),
            "WAREHOUSE_DIR": str(folder / "warehouse"),
            "DATABASE_URL": postgres.start(),
            "REDIS_URL": valkey.start(),
            **given,
        }
        settings = load_settings(**environment, **dict.fromkeys(NO_VENDOR))
        make_tables(settings)
        furnish(settings)
        yield Place(settings, environment, postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder)


def welcome(house: House, customer_id: str) -> None:
    """Register a customer of age with a card that is approved."""
    person = NewCustomer("Ana Alvarez", f"{customer_id}@example.com", state="TX")
    house.customers.register(person, customer_id=customer_id)
    house.payments.add_card(customer_id, nonce="tok_approve")
    house.ages.verify(customer_id, AgeSubmission("Ana Alvarez", date(1990, 5, 1), "TX", "4821"))


def make_tables(settings: Settings) -> None:
    with closing(open_ledger(settings.ledger)) as ledger:
        migrate(ledger.engine)
        metadata.create_all(ledger.engine)


def furnish(settings: Settings) -> None:
    """Put products on the shelves and open a raffle that nobody can buy up."""
    now = system_clock()
    with closing(build(settings)) as house:
        house.services.inventory.put([_product(number, name, now) for number, name in enumerate(NAMES)])
        with house.ledger.transaction() as connection:
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
        quantity=12,
        available=True,
        updated_at=now,
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
