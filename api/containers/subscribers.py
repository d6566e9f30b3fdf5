"""The relay and its subscribers: who handles the events of the outbox."""

from api.containers.commerce import CommerceServices
from api.containers.infrastructure import Infrastructure
from api.containers.memory import MemoryServices
from commerce.memberships.held import HeldMemberships
from commerce.raffles.held import HeldTickets
from foundation.outbox import AnySubscriber, Relay


def build_relay(infrastructure: Infrastructure, commerce: CommerceServices, memory: MemoryServices) -> Relay:
    subscribers = build_subscribers(infrastructure, commerce, memory)
    return Relay(infrastructure.ledger, subscribers, now=infrastructure.clock)


def build_subscribers(
    infrastructure: Infrastructure, commerce: CommerceServices, memory: MemoryServices
) -> list[AnySubscriber]:
    """One for each of `SUBSCRIPTIONS`."""
    memberships, raffles = commerce.memberships, commerce.raffles
    payments = commerce.payments.service
    return [
        infrastructure.feed.subscriber(infrastructure.settings.warehouse),
        memberships.benefits.subscriber(),
        memberships.billing.subscriber(),
        commerce.notices.service.subscriber(),
        raffles.free_entries.subscriber(),
        commerce.checkout.service.subscriber(),
        HeldMemberships(memberships.service, payments).subscriber(),
        HeldTickets(infrastructure.ledger, raffles.service, payments).subscriber(),
        memory.turn_subscriber.subscriber(),
        memory.predictions.service.subscriber(),
    ]
