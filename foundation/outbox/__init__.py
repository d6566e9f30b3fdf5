"""Events that commit together with the change they describe, and reach every subscriber at least once."""

from foundation.outbox.models import Event, Lag, Subscriber, Subscription
from foundation.outbox.outbox import Outbox
from foundation.outbox.relay import Relay
from foundation.outbox.tables import DELIVERIES, OUTBOX

__all__ = ["DELIVERIES", "OUTBOX", "Event", "Lag", "Outbox", "Relay", "Subscriber", "Subscription"]
