"""A small shop on a test's own ledger: its services, and what happens before a test begins."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from api.containers.commerce import build_commerce
from api.containers.infrastructure import build_infrastructure
from api.containers.notice_kinds import NOTICE_KINDS
from api.containers.overrides import CommerceOverrides, Overrides
from api.containers.warehouse_tables import TABLES
from commerce.age.models import AgeSubmission
from commerce.age.ports import NoProofCache
from commerce.customers.contact import NOTICES, Channel
from commerce.customers.models import NewCustomer
from commerce.inventory.models import Category, Effect, Flavour, Product
from commerce.notices.models import SEALED, TEXTED
from commerce.notices.writing import Writer
from commerce.payments.ports import CardGateway
from commerce.payments.sandbox import SandboxGateway, sandbox_charges, sandbox_refunds
from commerce.raffles import store as raffle_store
from commerce.raffles.models import Raffle, RaffleStatus
from commerce.raffles.ports import RandomBeacon
from foundation.clock import Calendar
from foundation.crypto import KeyRing, LookupDigest
from foundation.money import Money
from foundation.outbox import OUTBOX, Event, Outbox, document
from foundation.outbox.payloads import P
from foundation.settings import Settings, ShopSettings, load_settings
from foundation.sql import Ledger
from tests.fakes import FakeClock

TAX_RATES = {"TX": Decimal("0.0625"), "OR": Decimal(0)}
CHICAGO = ZoneInfo("America/Chicago")
VAR = Path(__file__).parents[1] / "var"
ADULT = AgeSubmission("Ana María O'Brien", date(1990, 5, 1), "TX", "4821")


@cache
def shop_settings() -> Settings:
    settings = load_settings(APP_ENV="test", VAR_DIR=str(VAR))
    checkout = settings.checkout.model_copy(update={"tax_rates": TAX_RATES})
    raffles = settings.raffles.model_copy(update={"beacon": "commit"})
    return settings.model_copy(update={"checkout": checkout, "raffles": raffles})


class CheckedOutbox(Outbox):
    """Refuses a notice that could not be written, where it is made and not when it is sent."""

    writer = Writer(ShopSettings(), Calendar(CHICAGO), kinds=NOTICE_KINDS)

    def publish(self, payload: P, *, customer_id: str | None = None, event_id: str | None = None) -> Event[P]:
        if payload.topic == NOTICES:
            fields = {name.removeprefix(SEALED): value for name, value in document(payload).items()}
            channel = Channel.TEXT if fields["template"] in TEXTED else Channel.EMAIL
            self.writer.write(fields["template"], fields, name="Ana", channel=channel)
        return super().publish(payload, customer_id=customer_id, event_id=event_id)


@dataclass
class Shop:
    """The services of commerce over a test's ledger; `gateway` may be exchanged for one that fails."""

    ledger: Ledger
    clock: FakeClock
    gateway: CardGateway | None = None
    beacon: RandomBeacon | None = None
    settings: Settings = field(default_factory=shop_settings)

    def __post_init__(self) -> None:
        self.infrastructure = build_infrastructure(self.settings, self.overrides)
        self.commerce = commerce = build_commerce(self.infrastructure, self.overrides)
        self.outbox, self.keys = self.infrastructure.outbox, self.infrastructure.keys.data
        self.digests = self.infrastructure.keys.digests
        self.sandbox = SandboxGateway(self.ledger, now=self.clock)
        self.customers, self.consents = commerce.customers.service, commerce.customers.consents
        self.addresses, self.ages = commerce.customers.addresses, commerce.age.service
        self.payments, self.fraud = commerce.payments.service, commerce.fraud
        self.memberships, self.benefits = commerce.memberships.service, commerce.memberships.benefits
        self.billing = commerce.memberships.billing
        self.raffles, self.raffle_draws = commerce.raffles.service, commerce.raffles.draws
        self.draw_proofs, self.raffle_admin = commerce.raffles.proofs, commerce.raffles.admin
        self.free_entries, self.handoffs = commerce.raffles.free_entries, commerce.handoffs
        self.inventory = commerce.inventory
        self.carts, self.checkout = commerce.checkout.carts, commerce.checkout.service

    @property
    def overrides(self) -> Overrides:
        gateway = self.gateway
        return Overrides(
            clock=self.clock,
            ledger=self.ledger,
            key_ring=KeyRing({"test": bytes(range(32))}),
            digests=LookupDigest(bytes(range(32))),
            outbox=lambda ledger, clock: CheckedOutbox(ledger, (), now=clock),
            commerce=CommerceOverrides(
                gateway=lambda usual: gateway or usual,
                beacon=self.beacon,
                proof_cache=NoProofCache(),
            ),
        )

    def with_gateway(self, gateway: CardGateway) -> "Shop":
        """The same shop, asking another gateway."""
        return replace(self, gateway=gateway)

    def reviewing_from(self, score: float) -> "Shop":
        """The same shop, with orders reviewed from another score of fraud on."""
        fraud = self.settings.fraud.model_copy(update={"review_from": score})
        return replace(self, settings=self.settings.model_copy(update={"fraud": fraud}))

    def welcome(self, name: str = "ana", *, card: str | None = "tok_approve", adult: bool = True) -> str:
        """Register a customer, verified and with a card unless told otherwise; their id."""
        person = NewCustomer(f"{name.title()} Test", f"{name}@example.com")
        customer_id = self.customers.register(person, customer_id=f"cus_{name}").id
        if card:
            self.payments.cards.add(customer_id, nonce=card)
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
        kept = (sandbox_charges.c.verdict == "approved") & sandbox_charges.c.returned.is_distinct_from("void")
        taken = select(func.coalesce(func.sum(sandbox_charges.c.amount_cents), 0)).where(kept)
        refunded = select(func.coalesce(func.sum(sandbox_refunds.c.amount_cents), 0))
        with self.ledger.transaction() as connection:
            return Money(
                int(connection.execute(taken).scalar_one() - connection.execute(refunded).scalar_one())
            )

    def charges(self) -> int:
        """How many charges the sandbox has seen, whatever came of them."""
        with self.ledger.transaction() as connection:
            return int(connection.execute(select(func.count()).select_from(sandbox_charges)).scalar_one())

    def events(self, topic: str) -> list[dict[str, Any]]:
        """The payloads told of a topic, each one fit for the warehouse."""
        told = select(OUTBOX.c.payload).where(OUTBOX.c.topic == topic).order_by(OUTBOX.c.at, OUTBOX.c.id)
        with self.ledger.transaction() as connection:
            payloads = [dict(payload) for payload in connection.execute(told).scalars()]
        for payload in payloads if topic in TABLES else ():
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
