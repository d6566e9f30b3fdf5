"""Events that commit together with the change they describe, and reach every subscriber at least once."""

from foundation.outbox.models import AnySubscriber, DeadLetter, Event, Lag, Rejected, Subscriber, Subscription
from foundation.outbox.outbox import Outbox, Outgoing
from foundation.outbox.payloads import Decoder, MalformedPayload, Payload, as_document, document
from foundation.outbox.relay import Relay
from foundation.outbox.tables import DELIVERIES, OUTBOX

__all__ = [
    "DELIVERIES",
    "OUTBOX",
    "AnySubscriber",
    "DeadLetter",
    "Decoder",
    "Event",
    "Lag",
    "MalformedPayload",
    "Outbox",
    "Outgoing",
    "Payload",
    "Rejected",
    "Relay",
    "Subscriber",
    "Subscription",
    "as_document",
    "document",
]
