"""A small shop on a test's own ledger: its rooms, and what happens before a test begins."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from commerce.age.models import AgeSubmission
from commerce.age.service import AgeVerification
from commerce.customers.models import NewCustomer
from commerce.customers.service import Customers
from commerce.handoffs.service import Handoffs
from commerce.inventory.models import Category, Effect, Flavour, Product
from commerce.inventory.service import Inventory
from commerce.memberships.service import Memberships
from commerce.payments.ports import CardGateway
from commerce.payments.sandbox import SandboxGateway, sandbox_charges
from commerce.payments.service import Payments
from commerce.raffles import store as raffle_store
from commerce.raffles.models import Raffle, RaffleStatus
from commerce.raffles.service import Raffles
from foundation.clock import Calendar
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.money import Money
from foundation.outbox import OUTBOX, Outbox
from foundation.sql import Ledger
from foundation.warehouse.schema import TABLES
from tests.fakes import FakeClock

CHICAGO = ZoneInfo("America/Chicago")
ADULT = AgeSubmission("Ana María O'Brien", date(1990, 5, 1), "TX", "4821")


@dataclass
class Shop:
    """The rooms, wired as in a running program; `gateway` may be exchanged for one that fails."""

    ledger: Ledger
    clock: FakeClock
    gateway: CardGateway | None = None
    keys: DataKeys = field(init=False)
    digests: LookupDigest = field(init=False)

    def __post_init__(self) -> None:
        ledger, clock = self.ledger, self.clock
        calendar = Calendar(CHICAGO, clock)
        self.sandbox = SandboxGateway(ledger, now=clock)
        self.outbox = Outbox(ledger, (), now=clock)
        self.keys = DataKeys(ledger, KeyRing({"test": bytes(range(32))}), now=clock)
        self.digests = LookupDigest(bytes(range(32)))
        self.customers = Customers(ledger, self.keys, self.digests, now=clock)
        self.ages = AgeVerification(ledger, self.customers, self.outbox, self.keys, self.digests, calendar)
        self.payments = Payments(ledger, self.gateway or self.sandbox, self.keys, self.digests, now=clock)
        self.memberships = Memberships(
            ledger, self.customers, self.ages, self.payments, self.outbox, calendar
        )
        self.raffles = Raffles(ledger, self.customers, self.ages, self.payments, self.outbox, now=clock)
        self.inventory = Inventory(ledger)
        self.handoffs = Handoffs(ledger, now=clock)

    def with_gateway(self, gateway: CardGateway) -> "Shop":
        """The same shop, asking another gateway."""
        return Shop(self.ledger, self.clock, gateway)

    def welcome(self, name: str = "ana", *, card: str | None = "tok_approve", adult: bool = True) -> str:
        """Register a customer, verified and with a card unless told otherwise; their id."""
        person = NewCustomer(f"{name.title()} Test", f"{name}@example.com")
        customer_id = self.customers.register(person, customer_id=f"cus_{name}").id
        if card:
            self.payments.add_card(customer_id, nonce=card)
        if adult:
            self.ages.verify(customer_id, ADULT)
        return customer_id

    def open_raffle(self, **changed: Any) -> Raffle:  # noqa: ANN401 - any field of a raffle
        now = self.clock()
        usual: dict[str, Any] = {
            "id": "raf_spring",
            "title": "Spring Raffle",
            "prize": "a glass bong",
            "ticket_price": Money(5_00),
            "max_tickets": 100,
            "per_customer_limit": 10,
            "minimum_age": 21,
            "opens_at": now - timedelta(days=1),
            "closes_at": now + timedelta(days=7),
            "status": RaffleStatus.OPEN,
            "sold": 0,
        }
        raffle = Raffle(**(usual | changed))
        with self.ledger.transaction() as connection:
            raffle_store.add(connection, raffle, created_at=now)
        return raffle

    def charged(self) -> Money:
        """What the sandbox really took and has not given back."""
        kept = (sandbox_charges.c.verdict == "approved") & sandbox_charges.c.returned.is_(None)
        total = select(func.coalesce(func.sum(sandbox_charges.c.amount_cents), 0)).where(kept)
        with self.ledger.transaction() as connection:
            return Money(int(connection.execute(total).scalar_one()))

    def charges(self) -> int:
        """How many charges the sandbox has seen, whatever came of them."""
        with self.ledger.transaction() as connection:
            return int(connection.execute(select(func.count()).select_from(sandbox_charges)).scalar_one())

    def events(self, topic: str) -> list[dict[str, Any]]:
        """The payloads told of a topic, each one fit for the warehouse."""
        told = select(OUTBOX.c.payload).where(OUTBOX.c.topic == topic).order_by(OUTBOX.c.at, OUTBOX.c.id)
        with self.ledger.transaction() as connection:
            payloads = [dict(payload) for payload in connection.execute(told).scalars()]
        for payload in payloads:
            fault = TABLES[topic].fault(payload)
            if fault is not None:
                raise AssertionError(f"{topic}: {fault}")
        return payloads


def product(number: int = 1, **changed: Any) -> Product:  # noqa: ANN401 - any field of a product
    usual: dict[str, Any] = {
        "id": f"prd_{number}",
        "source": "test",
        "sku": f"SKU-{number}",
        "name": "Night Owl Gummies",
        "brand": "Lumen",
        "category": Category.EDIBLE,
        "description": "Ten soft gummies for the evening.",
        "effects": (Effect.SLEEP,),
        "flavours": (Flavour.BERRY,),
        "cbd_mg": 250.0,
        "thc_mg": 5.0,
        "price": Money(28_00),
        "quantity": 12,
        "available": True,
        "updated_at": FakeClock().now,
    }
    return Product(**(usual | changed))
