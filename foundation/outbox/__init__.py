"""Events that commit together with the change they describe, and reach every subscriber at least once."""

from foundation.outbox.outbox import (
    DELIVERIES,
    OUTBOX,
    Event,
    Lag,
    Outbox,
    Relay,
    Subscriber,
    Subscription,
)

__all__ = ["DELIVERIES", "OUTBOX", "Event", "Lag", "Outbox", "Relay", "Subscriber", "Subscription"]
