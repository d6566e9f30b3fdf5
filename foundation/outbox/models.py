"""An event, and who subscribes to which topics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Event:
    id: str
    topic: str
    customer_id: str | None
    payload: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class Subscription:
    """Who wants to hear of what; every process that appends knows all of them."""

    name: str
    topics: frozenset[str]


@dataclass(frozen=True)
class Subscriber:
    """A subscription with its hands.

    `handle` runs inside the transaction that marks the events delivered, so what it writes to the
    ledger happens exactly once; what it does elsewhere must stand being repeated, by event id.
    A batch is delivered or fails as one: only a handler that takes any event may ask for more than one.
    """

    subscription: Subscription
    handle: Callable[[Sequence[Event]], None]
    batch_rows: int = 1
    batch_wait: timedelta = timedelta(0)
    """How long an event may wait for the batch to fill."""


@dataclass(frozen=True)
class Lag:
    subscriber: str
    waiting: int
    failing: int
    oldest_at: datetime | None
    last_error: str | None
