"""The shop's rooms with a clock that can be set back, so that a past can be lived through them."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.containers.catalogue import ShopFront, shop_terms
from commerce.age.evidence import Evidence
from commerce.age.service import AgeRules, AgeVerification
from commerce.customers.addresses import Addresses
from commerce.customers.service import Customers
from commerce.fraud.service import Fraud
from commerce.inventory.service import Inventory
from commerce.memberships.billing import MembershipBilling
from commerce.memberships.service import Memberships
from commerce.memberships.writer import MembershipWriter
from commerce.payments.sandbox import SandboxGateway
from commerce.payments.service import Payments, build_payments
from commerce.raffles.service import EligibilityChecks, Raffles
from foundation.clock import Calendar
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.outbox import Outbox
from foundation.settings import Settings
from foundation.sql import Ledger
from foundation.warehouse.feed import SUBSCRIPTION
from memory.embeddings import Encoder
from memory.engine import MemoryEngine, open_memory
from memory.facts.store import Facts
from memory.knowledge.service import Knowledge
from memory.predictions.nightly import Nightly
from memory.predictions.service import Predictions
from memory.store import MemoryStore

NEVER = 1.0
"""A past purchase waits for nobody's review."""


class SetClock:
    """The time it was last set to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Rooms:
    ledger: Ledger
    clock: SetClock
    calendar: Calendar
    outbox: Outbox
    customers: Customers
    inventory: Inventory
    ages: AgeVerification
    payments: Payments
    memberships: Memberships
    billing: MembershipBilling
    raffles: Raffles
    memory: MemoryEngine
    knowledge: Knowledge
    nightly: Nightly


def open_rooms(settings: Settings, ledger: Ledger, *, clock: SetClock, embedder: Encoder) -> Rooms:
    """Only the warehouse hears of the past: nobody wants a notice of what was two years ago.

    Data keys go by the true clock, since theirs is not a part of the past.
    """
    calendar = Calendar(ZoneInfo(settings.shop.time_zone), clock)
    keys = DataKeys(ledger, KeyRing.from_settings(settings.crypto.keys.get_secret_value()))
    digests = LookupDigest.from_settings(settings.crypto.lookup_key.get_secret_value())
    outbox = Outbox(ledger, [SUBSCRIPTION], now=clock)
    customers = Customers(ledger, keys, digests, now=clock)
    ages = AgeVerification(ledger, customers, outbox, Evidence(keys, digests), calendar, AgeRules())
    payments = build_payments(ledger, SandboxGateway(ledger, now=clock), keys, digests, outbox, now=clock)
    writer = MembershipWriter(outbox, keys, calendar)
    addresses = Addresses(ledger, customers, keys, now=clock)
    fraud = Fraud(ledger, outbox, digests, addresses, review_from=NEVER, now=clock)
    inventory, memberships = Inventory(ledger), Memberships(ledger, customers, ages, payments, writer)
    front = ShopFront(
        inventory, memberships, ages, Facts(ledger, now=clock, terms=shop_terms()).allergies, now=clock
    )
    is_barred = MemoryStore(ledger).is_barred
    predictions = Predictions(ledger, outbox, front, calendar=calendar, is_barred=is_barred)
    return Rooms(
        ledger=ledger,
        clock=clock,
        calendar=calendar,
        outbox=outbox,
        customers=customers,
        inventory=inventory,
        ages=ages,
        payments=payments,
        memberships=memberships,
        billing=MembershipBilling(ledger, customers, payments, writer),
        raffles=Raffles(ledger, customers, EligibilityChecks(ages, fraud), payments, outbox, now=clock),
        memory=open_memory(
            ledger, embedder=embedder, outbox=outbox, data_keys=keys, calendar=calendar, terms=shop_terms()
        ),
        knowledge=Knowledge(ledger, embedder, now=clock),
        nightly=Nightly(ledger, predictions, front, calendar=calendar),
    )
