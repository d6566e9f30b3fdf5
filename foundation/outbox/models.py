"""An event, and who subscribes to which topics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from foundation.outbox.payloads import Decode

P_co = TypeVar("P_co", covariant=True)
P = TypeVar("P")


@dataclass(frozen=True)
class Event(Generic[P_co]):
    id: str
    topic: str
    customer_id: str | None
    payload: P_co
    at: datetime


@dataclass(frozen=True)
class Subscription:
    """The topics of a subscriber; every process that publishes knows all subscriptions."""

    name: str
    topics: frozenset[str]


@dataclass(frozen=True)
class Rejected:
    """An event that its subscriber cannot take until its payload or the code is corrected, and why."""

    event_id: str
    reason: str


@dataclass(frozen=True)
class Subscriber(Generic[P]):
    """A subscription with its handler, and how payloads of its topics are read.

    `handle` runs inside the transaction that marks the events delivered, so what it writes to the
    ledger happens exactly once; what it does elsewhere must be safe to repeat, by event id.
    A batch is delivered or fails as one, apart from the events that `handle` returns as rejected.
    """

    subscription: Subscription
    handle: Callable[[Sequence[Event[P]]], Sequence[Rejected] | None]
    decode: Decode[P]
    batch_rows: int = 1
    batch_wait: timedelta = timedelta(0)
    """How long an event may wait for the batch to fill."""


AnySubscriber = Subscriber[Any]


@dataclass(frozen=True)
class Lag:
    subscriber: str
    waiting: int
    failing: int
    oldest_at: datetime | None
    last_error: str | None
    dead_letters: int = 0


@dataclass(frozen=True)
class DeadLetter:
    """A delivery that is not tried again until a person asks for it."""

    subscriber: str
    event_id: str
    topic: str
    reason: str
    at: datetime
