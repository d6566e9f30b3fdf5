"""What the shop sells and gives, and who hears of what happens in it."""

from functools import cached_property

from api.containers.adapters.sales import InventoryShelf, OrderedSales
from api.containers.till import Till
from commerce.checkout.booking import OrderDependencies
from commerce.checkout.carts import Carts
from commerce.checkout.drafting import CheckoutServices, Drafts
from commerce.checkout.service import Checkout
from commerce.demand.models import ReorderPolicy
from commerce.demand.service import Demand
from commerce.fraud.service import Fraud
from commerce.insights.service import Insights
from commerce.inventory.service import Inventory
from commerce.memberships.benefits import Benefits
from commerce.memberships.billing import MembershipBilling
from commerce.memberships.figures import Figures
from commerce.memberships.held import HeldMemberships
from commerce.memberships.service import Memberships
from commerce.memberships.writer import MembershipWriter
from commerce.payments.inbox import GatewayInbox
from commerce.raffles.admin import RaffleAdmin
from commerce.raffles.draws import RaffleDraws
from commerce.raffles.entries import FreeEntries
from commerce.raffles.held import HeldTickets
from commerce.raffles.proofs import DrawProofs
from commerce.raffles.service import EligibilityChecks, Raffles
from connectors.drand import Drand
from foundation.outbox import Relay, Subscriber


class Shop(Till):
    @cached_property
    def gateway_inbox(self) -> GatewayInbox:
        return GatewayInbox(self.ledger, self.payments, self.membership_billing, now=self.now)

    @cached_property
    def membership_writer(self) -> MembershipWriter:
        return MembershipWriter(self.outbox, self.data_keys, self.calendar)

    @cached_property
    def memberships(self) -> Memberships:
        return Memberships(self.ledger, self.customers, self.ages, self.payments, self.membership_writer)

    @cached_property
    def benefits(self) -> Benefits:
        return Benefits(self.ledger, self.outbox, now=self.now)

    @cached_property
    def membership_billing(self) -> MembershipBilling:
        return MembershipBilling(self.ledger, self.customers, self.payments, self.membership_writer)

    @cached_property
    def insights(self) -> Insights:
        return Insights(self.warehouse, self.calendar)

    @cached_property
    def membership_figures(self) -> Figures:
        return Figures(self.ledger, now=self.now)

    @cached_property
    def raffles(self) -> Raffles:
        checks = EligibilityChecks(self.ages, self.fraud)
        return Raffles(self.ledger, self.customers, checks, self.payments, self.outbox, now=self.now)

    @cached_property
    def raffle_draws(self) -> RaffleDraws:
        wanted = self.settings.raffles
        beacon = Drand(wanted.drand_urls.split(","), now=self.now) if wanted.beacon == "drand" else None
        return RaffleDraws(self.ledger, self.outbox, self.data_keys, beacon, now=self.now)

    @cached_property
    def draw_proofs(self) -> DrawProofs:
        return DrawProofs(self.ledger, self.data_keys, beacon_decides=self.settings.raffles.beacon == "drand")

    @cached_property
    def raffle_admin(self) -> RaffleAdmin:
        return RaffleAdmin(
            self.ledger, self.customers, self.payments, self.raffle_draws, self.outbox, now=self.now
        )

    @cached_property
    def free_entries(self) -> FreeEntries:
        return FreeEntries(self.ledger, self.customers, self.ages, self.outbox, now=self.now)

    @cached_property
    def inventory(self) -> Inventory:
        return Inventory(self.ledger)

    @cached_property
    def fraud(self) -> Fraud:
        review_from = self.settings.fraud.review_from
        return Fraud(
            self.ledger, self.outbox, self.digests, self.addresses, review_from=review_from, now=self.now
        )

    @cached_property
    def carts(self) -> Carts:
        return Carts(self.ledger, self.inventory, self.memberships, now=self.now)

    @cached_property
    def checkout(self) -> Checkout:
        services = CheckoutServices(
            customers=self.customers,
            ages=self.ages,
            memberships=self.memberships,
            benefits=self.benefits,
            inventory=self.inventory,
            payments=self.payments,
            carts=self.carts,
        )
        drafts = Drafts(services, tax_rates=self.settings.checkout.tax_rates, now=self.now)
        return Checkout(
            OrderDependencies(self.ledger, self.fraud, self.outbox), services, drafts, now=self.now
        )

    @cached_property
    def demand(self) -> Demand:
        reorder = self.settings.reorder
        policy = ReorderPolicy(reorder.lead_days, reorder.service_level)
        sales, shelf = OrderedSales(self.ledger, self.calendar), InventoryShelf(self.inventory)
        return Demand(self.ledger, sales, shelf, policy, self.calendar)

    @cached_property
    def relay(self) -> Relay:
        return Relay(self.ledger, self.subscribers(), now=self.now)

    def subscribers(self) -> list[Subscriber]:
        return [
            self.feed.subscriber(self.settings.warehouse),
            self.benefits.subscriber(),
            self.membership_billing.subscriber(),
            self.notices.subscriber(),
            self.free_entries.subscriber(),
            self.checkout.subscriber(),
            HeldMemberships(self.memberships, self.payments).subscriber(),
            HeldTickets(self.ledger, self.raffles, self.payments).subscriber(),
        ]
