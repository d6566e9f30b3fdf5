"""The tables of the warehouse, from the rows that their owners declare."""

from commerce.age.events import AGE_VERIFICATIONS
from commerce.checkout.events import ORDERS
from commerce.memberships.events import MEMBERSHIPS
from commerce.payments.events import PAYMENTS
from commerce.raffles.events import RAFFLE_TICKETS, RAFFLE_TRANSACTIONS, RAFFLES
from foundation.warehouse.schema import by_topic
from memory.conversations.events import INTERACTIONS
from memory.predictions.events import PREDICTIONS, PURCHASES
from memory.profiles.events import CUSTOMER_PROFILES

TABLES = by_topic(
    PAYMENTS,
    MEMBERSHIPS,
    RAFFLES,
    RAFFLE_TICKETS,
    RAFFLE_TRANSACTIONS,
    ORDERS,
    AGE_VERIFICATIONS,
    CUSTOMER_PROFILES,
    INTERACTIONS,
    PURCHASES,
    PREDICTIONS,
)
