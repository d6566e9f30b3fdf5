"""Where and how a customer may be reached, and what they agreed to."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from commerce.customers.models import state_code, tidy_name
from foundation.errors import Conflict, Invalid, NotFound

ZIP = re.compile(r"[0-9]{5}(-[0-9]{4})?")
LONGEST_LINE = 100
MOST_ADDRESSES = 20


NOTICES = "notices"
"""The outbox topic of what is sent to customers."""


class Channel(StrEnum):
    EMAIL = "email"
    TEXT = "text"
    PHONE = "phone"


class Language(StrEnum):
    ENGLISH = "en"
    SPANISH = "es"


class ConsentPurpose(StrEnum):
    TERMS = "terms"
    PRIVACY = "privacy"
    EMAIL_NEWS = "email_news"
    TEXT_NEWS = "text_news"
    CALLS = "calls"


NEWS = {
    Channel.EMAIL: ConsentPurpose.EMAIL_NEWS,
    Channel.TEXT: ConsentPurpose.TEXT_NEWS,
    Channel.PHONE: ConsentPurpose.CALLS,
}
"""Which consent offers and news by a channel need."""


@dataclass(frozen=True)
class Consent:
    purpose: ConsentPurpose
    granted: bool
    wording: str
    """The version of the text that was shown, such as `2026-03`."""
    source: str
    """Where it was given: `web`, `chat`, `phone`."""
    at: datetime


@dataclass(frozen=True)
class Preferences:
    """How the customer likes to be reached about what they bought; news need a consent besides."""

    channel: Channel = Channel.EMAIL
    language: Language = Language.ENGLISH


@dataclass(frozen=True)
class NewAddress:
    recipient: str
    line1: str
    city: str
    state: str
    postal_code: str
    line2: str = ""


@dataclass(frozen=True)
class Address(NewAddress):
    id: str = ""
    is_default: bool = False

    @property
    def in_a_line(self) -> str:
        """The same for the same place, however it was typed: what a digest is made of."""
        parts = (self.line1, self.line2, self.city, self.state, self.postal_code[:5])
        return " ".join(re.sub(r"[^\w\s]", " ", " ".join(parts)).casefold().split())


class BadAddress(Invalid):
    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"That address is not complete: {expected}.", {"field": field, "expected": expected})


class AddressNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such address on your account.")


class TooManyAddresses(Conflict):
    def __init__(self) -> None:
        super().__init__(f"An account holds {MOST_ADDRESSES} addresses at most; please remove one first.")


def tidy_address(new: NewAddress) -> NewAddress:
    postal_code = new.postal_code.strip()
    if not ZIP.fullmatch(postal_code):
        raise BadAddress("postal_code", "a ZIP code of five digits, or five and four")
    return NewAddress(
        recipient=tidy_name(new.recipient),
        line1=_line(new.line1, "line1", expected="a street and number"),
        line2=_line(new.line2, "line2") if new.line2.strip() else "",
        city=_line(new.city, "city", expected="a city"),
        state=state_code(new.state),
        postal_code=postal_code,
    )


def _line(given: str, field: str, *, expected: str = "one line of text") -> str:
    line = " ".join(given.split())
    if not 1 <= len(line) <= LONGEST_LINE or not line.isprintable():
        raise BadAddress(field, f"{expected}, at most {LONGEST_LINE} characters")
    return line
