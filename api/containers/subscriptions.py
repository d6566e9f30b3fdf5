"""Who subscribes to the outbox: every process that appends an event knows all subscriptions."""

from api.containers.warehouse_tables import TABLES
from commerce.checkout.service import SUBSCRIPTION as ORDER_REVIEWS
from commerce.memberships.benefits import SUBSCRIPTION as BENEFITS
from commerce.memberships.billing import SUBSCRIPTION as BILLING
from commerce.memberships.held import SUBSCRIPTION as HELD_MEMBERSHIPS
from commerce.notices.service import SUBSCRIPTION as NOTICES
from commerce.raffles.entries import SUBSCRIPTION as RAFFLE_ENTRIES
from commerce.raffles.held import SUBSCRIPTION as HELD_TICKETS
from foundation.warehouse.feed import subscription as warehouse_subscription
from memory.ingest.subscriber import SUBSCRIPTION as MEMORY
from memory.predictions.service import SUBSCRIPTION as PREDICTIONS

SUBSCRIPTIONS = (
    warehouse_subscription(TABLES),
    BENEFITS,
    BILLING,
    NOTICES,
    RAFFLE_ENTRIES,
    ORDER_REVIEWS,
    HELD_MEMBERSHIPS,
    HELD_TICKETS,
    PREDICTIONS,
    MEMORY,
)
