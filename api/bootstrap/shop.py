"""The shop's rooms, each over the ones it stands on, and who hears of what happens in them."""

from functools import cached_property

from api.bootstrap.ground import Ground
from api.bootstrap.spares import Spares
from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.handoffs.service import Handoffs
from commerce.inventory.service import Inventory
from commerce.memberships.service import Memberships
from commerce.payments.sandbox import SandboxGateway
from commerce.payments.service import Payments
from commerce.raffles.service import Raffles
from foundation.clock import Clock
from foundation.outbox import Relay
from foundation.settings import Settings


class Shop(Ground):
    def __init__(self, settings: Settings, *, now: Clock, spares: Spares) -> None:
        super().__init__(settings, now=now)
        self._spares = spares

    @cached_property
    def customers(self) -> Customers:
        return Customers(self.ledger, self.data_keys, self.digests, now=self.now)

    @cached_property
    def ages(self) -> AgeVerification:
        return AgeVerification(
            self.ledger, self.customers, self.outbox, self.data_keys, self.digests, self.calendar
        )

    @cached_property
    def payments(self) -> Payments:
        gateway = self._spares.gateway(SandboxGateway(self.ledger, now=self.now))
        return Payments(self.ledger, gateway, self.data_keys, self.digests, now=self.now)

    @cached_property
    def memberships(self) -> Memberships:
        return Memberships(self.ledger, self.customers, self.ages, self.payments, self.outbox, self.calendar)

    @cached_property
    def raffles(self) -> Raffles:
        return Raffles(self.ledger, self.customers, self.ages, self.payments, self.outbox, now=self.now)

    @cached_property
    def inventory(self) -> Inventory:
        return Inventory(self.ledger)

    @cached_property
    def handoffs(self) -> Handoffs:
        return Handoffs(self.ledger, now=self.now)

    @cached_property
    def relay(self) -> Relay:
        return Relay(self.ledger, [self.feed.subscriber(self.settings.warehouse)], now=self.now)
