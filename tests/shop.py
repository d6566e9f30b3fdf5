"""A small shop on a test's own ledger: its rooms, and what happens before a test begins."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from api.containers.notice_kinds import NOTICE_KINDS
from api.containers.warehouse_tables import TABLES
from commerce.age.evidence import Evidence
from commerce.age.models import AgeSubmission
from commerce.age.service import AgeRules, AgeVerification
from commerce.checkout.booking import OrderDependencies
from commerce.checkout.carts import Carts
from commerce.checkout.drafting import CheckoutServices, Drafts
from commerce.checkout.service import Checkout
from commerce.customers.addresses import Addresses
from commerce.customers.consents import Consents
from commerce.customers.contact import NOTICES, Channel
from commerce.customers.models import NewCustomer
from commerce.customers.service import Customers
from commerce.fraud.service import Fraud
from commerce.handoffs.service import Handoffs
from commerce.inventory.models import Category, Effect, Flavour, Product
from commerce.inventory.service import Inventory
from commerce.memberships.benefits import Benefits
from commerce.memberships.billing import MembershipBilling
from commerce.memberships.service import Memberships
from commerce.memberships.writer import MembershipWriter
from commerce.notices.models import SEALED, TEXTED
from commerce.notices.writing import Writer
from commerce.payments.ports import CardGateway
from commerce.payments.sandbox import SandboxGateway, sandbox_charges, sandbox_refunds
from commerce.payments.service import build_payments
from commerce.raffles import store as raffle_store
from commerce.raffles.admin import RaffleAdmin
from commerce.raffles.draws import RaffleDraws
from commerce.raffles.entries import FreeEntries
from commerce.raffles.models import Raffle, RaffleStatus
from commerce.raffles.ports import RandomBeacon
from commerce.raffles.proofs import DrawProofs
from commerce.raffles.service import EligibilityChecks, Raffles
from foundation.clock import Calendar
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.money import Money
from foundation.outbox import OUTBOX, Event, Outbox, document
from foundation.outbox.payloads import P
from foundation.settings import ShopSettings
from foundation.sql import Ledger
from memory.engine import MemoryEngine
from memory.knowledge.service import Knowledge
from tests.fakes import FakeClock
from tools.base import Services

TAX_RATES = {"TX": Decimal("0.0625"), "OR": Decimal(0)}
CHICAGO = ZoneInfo("America/Chicago")
ADULT = AgeSubmission("Ana María O'Brien", date(1990, 5, 1), "TX", "4821")


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
    """The rooms, wired as in a running program; `gateway` may be exchanged for one that fails."""

    ledger: Ledger
    clock: FakeClock
    gateway: CardGateway | None = None
    beacon: RandomBeacon | None = None
    keys: DataKeys = field(init=False)
    digests: LookupDigest = field(init=False)

    def __post_init__(self) -> None:
        ledger, clock = self.ledger, self.clock
        calendar = Calendar(CHICAGO, clock)
        self.sandbox = SandboxGateway(ledger, now=clock)
        self.outbox = CheckedOutbox(ledger, (), now=clock)
        self.keys = DataKeys(ledger, KeyRing({"test": bytes(range(32))}), now=clock)
        self.digests = LookupDigest(bytes(range(32)))
        self.customers = Customers(ledger, self.keys, self.digests, now=clock)
        self.consents = Consents(ledger, self.customers, now=clock)
        self.addresses = Addresses(ledger, self.customers, self.keys, now=clock)
        self.ages = AgeVerification(
            ledger, self.customers, self.outbox, Evidence(self.keys, self.digests), calendar, AgeRules()
        )
        self.payments = build_payments(
            ledger, self.gateway or self.sandbox, self.keys, self.digests, self.outbox, now=clock
        )
        self.membership_writer = MembershipWriter(self.outbox, self.keys, calendar)
        self.memberships = Memberships(
            ledger, self.customers, self.ages, self.payments, self.membership_writer
        )
        self.billing = MembershipBilling(ledger, self.customers, self.payments, self.membership_writer)
        self.benefits = Benefits(ledger, self.outbox, now=clock)
        self.fraud = Fraud(ledger, self.outbox, self.digests, self.addresses, review_from=0.5, now=clock)
        checks = EligibilityChecks(self.ages, self.fraud)
        self.raffles = Raffles(ledger, self.customers, checks, self.payments, self.outbox, now=clock)
        self.raffle_draws = RaffleDraws(ledger, self.outbox, self.keys, self.beacon, now=clock)
        self.draw_proofs = DrawProofs(ledger, self.keys, beacon_decides=self.beacon is not None)
        self.raffle_admin = RaffleAdmin(
            ledger, self.customers, self.payments, self.raffle_draws, self.outbox, now=clock
        )
        self.free_entries = FreeEntries(ledger, self.customers, self.ages, self.outbox, now=clock)
        self.inventory = Inventory(ledger)
        self.handoffs = Handoffs(ledger, now=clock)
        self.carts = Carts(ledger, self.inventory, self.memberships, now=clock)
        self.checkout_services = CheckoutServices(
            customers=self.customers,
            ages=self.ages,
            memberships=self.memberships,
            benefits=self.benefits,
            inventory=self.inventory,
            payments=self.payments,
            carts=self.carts,
        )
        self.drafts = Drafts(self.checkout_services, tax_rates=TAX_RATES, now=clock)
        dependencies = OrderDependencies(ledger, self.fraud, self.outbox)
        self.checkout = Checkout(dependencies, self.checkout_services, self.drafts, now=clock)

    def services(self, memory: MemoryEngine, knowledge: Knowledge) -> Services:
        """Its rooms, as tools enter them."""
        return Services(
            customers=self.customers,
            addresses=self.addresses,
            consents=self.consents,
            inventory=self.inventory,
            carts=self.carts,
            checkout=self.checkout,
            memberships=self.memberships,
            raffles=self.raffles,
            draw_proofs=self.draw_proofs,
            ages=self.ages,
            handoffs=self.handoffs,
            memory=memory,
            knowledge=knowledge,
            calendar=Calendar(CHICAGO, self.clock),
        )

    def with_gateway(self, gateway: CardGateway) -> "Shop":
        """The same shop, asking another gateway."""
        return Shop(self.ledger, self.clock, gateway, self.beacon)

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
