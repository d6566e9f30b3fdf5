"""The services of commerce, grouped as their packages are: `raffles.draws` is commerce/raffles/draws.py."""

from dataclasses import dataclass
from datetime import timedelta

from api.containers.adapters.sales import InventoryShelf, OrderedSales
from api.containers.gateway import Gateway, build_gateway
from api.containers.infrastructure import Infrastructure
from api.containers.notice_kinds import NOTICE_KINDS
from api.containers.overrides import USUAL, CommerceOverrides, Overrides
from commerce.age.cache import RedisProofCache
from commerce.age.evidence import Evidence
from commerce.age.renewals import Renewals
from commerce.age.service import AgeRules, AgeVerification
from commerce.checkout.booking import OrderDependencies
from commerce.checkout.carts import Carts
from commerce.checkout.drafting import CheckoutServices as CheckoutDependencies
from commerce.checkout.drafting import Drafts
from commerce.checkout.service import Checkout
from commerce.customers.addresses import Addresses
from commerce.customers.codes import OneTimeCodes, six_digits
from commerce.customers.consents import Consents
from commerce.customers.lockouts import Lockouts
from commerce.customers.own_access import OwnAccess
from commerce.customers.passwords import HASHER, Passwords
from commerce.customers.registrations import Registrations
from commerce.customers.service import Customers
from commerce.customers.sessions import Sessions
from commerce.customers.signin import Access
from commerce.customers.staff import StaffAccounts
from commerce.demand.models import ReorderPolicy
from commerce.demand.service import Demand
from commerce.fraud.service import Fraud
from commerce.handoffs.service import Handoffs
from commerce.insights.service import Insights
from commerce.inventory.service import Inventory
from commerce.memberships.benefits import Benefits
from commerce.memberships.billing import MembershipBilling
from commerce.memberships.figures import Figures
from commerce.memberships.service import Memberships
from commerce.memberships.writer import MembershipWriter
from commerce.notices.files import EmlMailer, FileTexter
from commerce.notices.offers import Offers
from commerce.notices.recipients import Recipients
from commerce.notices.service import Notices, Post
from commerce.notices.writing import Writer
from commerce.payments.inbox import GatewayInbox
from commerce.payments.service import Payments, build_payments
from commerce.raffles.admin import RaffleAdmin
from commerce.raffles.draws import RaffleDraws
from commerce.raffles.entries import FreeEntries
from commerce.raffles.ports import RandomBeacon
from commerce.raffles.proofs import DrawProofs
from commerce.raffles.service import EligibilityChecks, Raffles
from connectors.drand import Drand
from foundation.clock import Clock
from foundation.settings import RaffleSettings


@dataclass(frozen=True)
class CustomerServices:
    service: Customers
    addresses: Addresses
    consents: Consents
    access: Access
    own_access: OwnAccess
    staff: StaffAccounts


@dataclass(frozen=True)
class AgeServices:
    service: AgeVerification
    renewals: Renewals


@dataclass(frozen=True)
class NoticeServices:
    service: Notices
    writer: Writer
    offers: Offers


@dataclass(frozen=True)
class PaymentServices:
    service: Payments
    inbox: GatewayInbox
    gateway: Gateway


@dataclass(frozen=True)
class MembershipServices:
    service: Memberships
    billing: MembershipBilling
    benefits: Benefits
    figures: Figures


@dataclass(frozen=True)
class RaffleServices:
    service: Raffles
    draws: RaffleDraws
    proofs: DrawProofs
    admin: RaffleAdmin
    free_entries: FreeEntries


@dataclass(frozen=True)
class CheckoutServices:
    service: Checkout
    carts: Carts


@dataclass(frozen=True)
class CommerceServices:
    customers: CustomerServices
    age: AgeServices
    inventory: Inventory
    payments: PaymentServices
    memberships: MembershipServices
    fraud: Fraud
    raffles: RaffleServices
    checkout: CheckoutServices
    notices: NoticeServices
    handoffs: Handoffs
    demand: Demand
    insights: Insights


def build_commerce(infrastructure: Infrastructure, overrides: Overrides = USUAL) -> CommerceServices:
    customers = _build_customers(infrastructure, overrides.commerce)
    age = _build_age(infrastructure, customers.service, overrides.commerce)
    gateway = build_gateway(infrastructure, overrides.commerce)
    fraud = _build_fraud(infrastructure, customers.addresses)
    payments = _build_payments(infrastructure, gateway)
    buying = _Buying(infrastructure, customers.service, age.service, payments, fraud)
    memberships = _build_memberships(buying)
    inventory = Inventory(infrastructure.ledger)
    return CommerceServices(
        customers=customers,
        age=age,
        inventory=inventory,
        payments=PaymentServices(payments, _build_inbox(buying, memberships), gateway),
        memberships=memberships,
        fraud=fraud,
        raffles=_build_raffles(buying, overrides.commerce.beacon),
        checkout=_build_checkout(buying, memberships, inventory),
        notices=_build_notices(infrastructure, customers),
        handoffs=Handoffs(infrastructure.ledger, now=infrastructure.clock),
        demand=_build_demand(infrastructure, inventory),
        insights=Insights(infrastructure.warehouse, infrastructure.calendar),
    )


@dataclass(frozen=True)
class _Buying:
    """What every kind of purchase stands on."""

    infrastructure: Infrastructure
    customers: Customers
    ages: AgeVerification
    payments: Payments
    fraud: Fraud


def _build_customers(infrastructure: Infrastructure, overrides: CommerceOverrides) -> CustomerServices:
    ledger, keys, clock = infrastructure.ledger, infrastructure.keys, infrastructure.clock
    customers = Customers(ledger, keys.data, keys.digests, now=clock)
    access = _build_access(infrastructure, customers, overrides)
    return CustomerServices(
        service=customers,
        addresses=Addresses(ledger, customers, keys.data, now=clock),
        consents=Consents(ledger, customers, now=clock),
        access=access,
        own_access=OwnAccess(ledger, customers, access, infrastructure.outbox, keys.data, now=clock),
        staff=StaffAccounts(ledger, access, keys.data, keys.digests, now=clock),
    )


def _build_access(
    infrastructure: Infrastructure, customers: Customers, overrides: CommerceOverrides
) -> Access:
    ledger, keys, clock = infrastructure.ledger, infrastructure.keys, infrastructure.clock
    code = overrides.one_time_code or six_digits
    hasher = overrides.password_hasher or HASHER
    return Access(
        OneTimeCodes(ledger, infrastructure.outbox, keys.data, keys.digests, now=clock, dice=code),
        Passwords(ledger, now=clock, hasher=hasher),
        Lockouts(ledger, keys.digests, now=clock),
        Sessions(ledger, infrastructure.tokens, now=clock),
        Registrations(ledger, customers, keys.data, now=clock),
    )


def _build_age(
    infrastructure: Infrastructure, customers: Customers, overrides: CommerceOverrides
) -> AgeServices:
    ledger, outbox, keys = infrastructure.ledger, infrastructure.outbox, infrastructure.keys
    grace = timedelta(days=infrastructure.settings.shop.age_grace_days)
    rules = AgeRules(grace, overrides.proof_cache or RedisProofCache(infrastructure.cache))
    evidence = Evidence(keys.data, keys.digests)
    return AgeServices(
        service=AgeVerification(ledger, customers, outbox, evidence, infrastructure.calendar, rules),
        renewals=Renewals(ledger, outbox, now=infrastructure.clock, grace=grace),
    )


def _build_notices(infrastructure: Infrastructure, customers: CustomerServices) -> NoticeServices:
    settings, keys = infrastructure.settings, infrastructure.keys
    folder, shop = settings.mail.folder, settings.shop
    offers = Offers(customers.consents, keys.digests, url=shop.url)
    writer = Writer(shop, infrastructure.calendar, kinds=NOTICE_KINDS)
    post = Post(EmlMailer(folder, shop), FileTexter(folder), offers.link)
    recipients = Recipients(customers.service, customers.consents, keys.data)
    notices = Notices(infrastructure.ledger, recipients, keys.data, writer, post, now=infrastructure.clock)
    return NoticeServices(notices, writer, offers)


def _build_payments(infrastructure: Infrastructure, gateway: Gateway) -> Payments:
    keys, outbox = infrastructure.keys, infrastructure.outbox
    return build_payments(
        infrastructure.ledger, gateway.cards, keys.data, keys.digests, outbox, now=infrastructure.clock
    )


def _build_inbox(buying: _Buying, memberships: MembershipServices) -> GatewayInbox:
    ledger, clock = buying.infrastructure.ledger, buying.infrastructure.clock
    return GatewayInbox(ledger, buying.payments, memberships.billing, now=clock)


def _build_memberships(buying: _Buying) -> MembershipServices:
    infrastructure, customers, payments = buying.infrastructure, buying.customers, buying.payments
    ledger, outbox, clock = infrastructure.ledger, infrastructure.outbox, infrastructure.clock
    writer = MembershipWriter(outbox, infrastructure.keys.data, infrastructure.calendar)
    return MembershipServices(
        service=Memberships(ledger, customers, buying.ages, payments, writer),
        billing=MembershipBilling(ledger, customers, payments, writer),
        benefits=Benefits(ledger, outbox, now=clock),
        figures=Figures(ledger, now=clock),
    )


def _build_fraud(infrastructure: Infrastructure, addresses: Addresses) -> Fraud:
    return Fraud(
        infrastructure.ledger,
        infrastructure.outbox,
        infrastructure.keys.digests,
        addresses,
        review_from=infrastructure.settings.fraud.review_from,
        now=infrastructure.clock,
    )


def _build_raffles(buying: _Buying, beacon: RandomBeacon | None) -> RaffleServices:
    infrastructure, customers, payments = buying.infrastructure, buying.customers, buying.payments
    ledger, outbox, clock = infrastructure.ledger, infrastructure.outbox, infrastructure.clock
    beacon = beacon or _chosen_beacon(infrastructure.settings.raffles, clock)
    checks, keys = EligibilityChecks(buying.ages, buying.fraud), infrastructure.keys.data
    draws = RaffleDraws(ledger, outbox, keys, beacon, now=clock)
    return RaffleServices(
        service=Raffles(ledger, customers, checks, payments, outbox, now=clock),
        draws=draws,
        proofs=DrawProofs(ledger, keys, beacon_decides=beacon is not None),
        admin=RaffleAdmin(ledger, customers, payments, draws, outbox, now=clock),
        free_entries=FreeEntries(ledger, customers, buying.ages, outbox, now=clock),
    )


def _chosen_beacon(settings: RaffleSettings, clock: Clock) -> RandomBeacon | None:
    return Drand(settings.drand_urls.split(","), now=clock) if settings.beacon == "drand" else None


def _build_checkout(
    buying: _Buying, memberships: MembershipServices, inventory: Inventory
) -> CheckoutServices:
    infrastructure = buying.infrastructure
    ledger, clock = infrastructure.ledger, infrastructure.clock
    carts = Carts(ledger, inventory, memberships.service, now=clock)
    services = CheckoutDependencies(
        customers=buying.customers,
        ages=buying.ages,
        memberships=memberships.service,
        benefits=memberships.benefits,
        inventory=inventory,
        payments=buying.payments,
        carts=carts,
    )
    drafts = Drafts(services, tax_rates=infrastructure.settings.checkout.tax_rates, now=clock)
    dependencies = OrderDependencies(ledger, buying.fraud, infrastructure.outbox)
    return CheckoutServices(Checkout(dependencies, services, drafts, now=clock), carts)


def _build_demand(infrastructure: Infrastructure, inventory: Inventory) -> Demand:
    ledger, calendar = infrastructure.ledger, infrastructure.calendar
    reorder = infrastructure.settings.reorder
    policy = ReorderPolicy(reorder.lead_days, reorder.service_level)
    return Demand(ledger, OrderedSales(ledger, calendar), InventoryShelf(inventory), policy, calendar)
