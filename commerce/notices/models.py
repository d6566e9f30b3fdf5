"""What a notice is, how often it is tried, and what it becomes on its way to a customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

from commerce.customers.contact import Channel
from foundation.outbox.payloads import Payload

SEALED = "sealed_"
"""A field of this prefix is a secret, sealed under the customer's key; the template knows it without."""
MASK = "••••••"
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 960))
"""After a first, second, … try that failed; a notice that fails once more is parked."""
PROMOTIONAL = frozenset({"promotion"})
"""What is sent to those who agreed to offers alone; everything else the customer has a right to hear."""
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
    PARKED = "parked"
    """Given up, with the reason, until a person sends it again."""
    WITHHELD = "withheld"
    """The customer does not want offers."""


class Unsendable(Exception):
    """It cannot be sent as things stand; the message says why, without personal data."""


@dataclass(frozen=True)
class Notice:
    id: str
    """That of the event it comes from, and of the message that goes out."""
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
        """Whether it holds what was good for a time only, such as a code, and the time is over."""
        until = self.fields.get("expires_at") if self.holds_a_secret else None
        return until is not None and datetime.fromisoformat(until) <= now

    @property
    def holds_a_secret(self) -> bool:
        return any(name.startswith(SEALED) for name in self.fields)


@dataclass(frozen=True)
class Recipient:
    name: str | None
    address: str
    """An e-mail address, or a phone number for what is texted."""


@dataclass(frozen=True)
class Written:
    """A notice in words. A text message has neither subject nor HTML."""

    text: str
    subject: str = ""
    html: str = ""


@dataclass(frozen=True)
class Message:
    """A notice on its way."""

    id: str
    recipient: Recipient
    written: Written
    at: datetime
    unsubscribe: str | None = None
    """Where one click ends offers."""


@dataclass(frozen=True)
class Tally:
    """How many notices are in each state, and since when the oldest waits."""

    counts: Mapping[Status, int]
    oldest_waiting_at: datetime | None

    def waiting_for(self, now: datetime) -> timedelta:
        return now - self.oldest_waiting_at if self.oldest_waiting_at else timedelta(0)


def pause(attempts: int) -> timedelta | None:
    """How long to wait after so many tries that failed; None when it is time to give up."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None


def wire_name(message_id: str) -> str:
    """The id as a Message-ID and a file's name may hold it; no two ids share one."""
    return quote(message_id, safe="")


def in_a_line(text: str) -> str:
    return " ".join(text.split())
