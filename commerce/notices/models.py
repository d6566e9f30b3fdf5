"""A notice, its retry schedule, and the message it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

from commerce.customers.contact import Channel
from foundation.outbox.payloads import Payload

SEALED = "sealed_"
"""A field with this prefix is a secret, sealed under the customer's key; the template names it without."""
MASK = "••••••"
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 960))
"""Pause after the first, second, … failed attempt; after the last, the notice is a dead letter."""
PROMOTIONAL = frozenset({"promotion"})
"""Sent only with the customer's consent to offers; all other notices are sent without."""
TEXTED = frozenset({"verify_phone"})


class NoticeEvent(Payload, Protocol):
    """What a notice is made of: a frozen dataclass with the fields that its template may use."""

    @property
    def template(self) -> str: ...

    @property
    def about(self) -> str:
        """The id of what it concerns."""


class Status(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    DEAD_LETTER = "dead_letter"
    """Not tried again until a person resends it; the row has the reason."""
    WITHHELD = "withheld"
    """The customer has not agreed to offers."""


class Unsendable(Exception):
    """It cannot be sent; the message says why, without personal data."""


@dataclass(frozen=True)
class Notice:
    id: str
    """The id of its event and of its message."""
    customer_id: str
    template: str
    about: str
    channel: Channel
    fields: Mapping[str, Any]
    status: Status
    attempts: int
    next_attempt_at: datetime
    reason: str | None
    written_sealed: str | None
    """What was sent, with secrets masked."""
    created_at: datetime
    sent_at: datetime | None

    @property
    def is_promotional(self) -> bool:
        return self.template in PROMOTIONAL

    def is_stale(self, now: datetime) -> bool:
        """Whether it holds a secret, such as a code, that has expired."""
        until = self.fields.get("expires_at") if self.holds_a_secret else None
        return until is not None and datetime.fromisoformat(until) <= now

    @property
    def holds_a_secret(self) -> bool:
        return any(name.startswith(SEALED) for name in self.fields)


@dataclass(frozen=True)
class Recipient:
    name: str | None
    address: str
    """An e-mail address, or a phone number for a text message."""


@dataclass(frozen=True)
class Written:
    """A rendered notice. A text message has neither subject nor HTML."""

    text: str
    subject: str = ""
    html: str = ""


@dataclass(frozen=True)
class Message:
    """A rendered notice with its recipient."""

    id: str
    recipient: Recipient
    written: Written
    at: datetime
    unsubscribe: str | None = None
    """Where one click ends offers."""


@dataclass(frozen=True)
class Tally:
    """Counts of notices by status, and the age of the oldest that waits."""

    counts: Mapping[Status, int]
    oldest_waiting_at: datetime | None

    def waiting_for(self, now: datetime) -> timedelta:
        return now - self.oldest_waiting_at if self.oldest_waiting_at else timedelta(0)


def pause(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None after the last."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None


def wire_name(message_id: str) -> str:
    """The id, quoted for a Message-ID or file name; injective."""
    return quote(message_id, safe="")


def in_a_line(text: str) -> str:
    return " ".join(text.split())
