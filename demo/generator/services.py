"""The services through which a demo shop's past is lived, with a clock that can be set back."""

from dataclasses import dataclass
from datetime import datetime

from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.inventory.service import Inventory
from commerce.memberships.billing import MembershipBilling
from commerce.memberships.service import Memberships
from commerce.payments.service import Payments
from commerce.raffles.service import Raffles
from foundation.clock import Calendar
from foundation.outbox import Outbox
from foundation.sql import Ledger
from memory.engine import MemoryEngine
from memory.knowledge.service import Knowledge
from memory.predictions.nightly import Nightly


class SetClock:
    """The time it was last set to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class ShopServices:
    """What the generator needs of a container whose clock is `clock`."""

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
