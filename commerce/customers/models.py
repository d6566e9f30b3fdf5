"""Who a customer is, and the states of the country they may live in."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from foundation.errors import Invalid

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST_NAME, LONGEST_EMAIL = 100, 254
NOT_IN_A_NAME = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Unicode's categories of what is no character of any script."""
PHONE_DIGITS = range(10, 16)

STATES = dict(
    pair.split(":")
    for pair in (
        "AL:Alabama,AK:Alaska,AZ:Arizona,AR:Arkansas,CA:California,CO:Colorado,CT:Connecticut,DE:Delaware,"
        "DC:District of Columbia,FL:Florida,GA:Georgia,HI:Hawaii,ID:Idaho,IL:Illinois,IN:Indiana,IA:Iowa,"
        "KS:Kansas,KY:Kentucky,LA:Louisiana,ME:Maine,MD:Maryland,MA:Massachusetts,MI:Michigan,MN:Minnesota,"
        "MS:Mississippi,MO:Missouri,MT:Montana,NE:Nebraska,NV:Nevada,NH:New Hampshire,NJ:New Jersey,"
        "NM:New Mexico,NY:New York,NC:North Carolina,ND:North Dakota,OH:Ohio,OK:Oklahoma,OR:Oregon,"
        "PA:Pennsylvania,RI:Rhode Island,SC:South Carolina,SD:South Dakota,TN:Tennessee,TX:Texas,UT:Utah,"
        "VT:Vermont,VA:Virginia,WA:Washington,WV:West Virginia,WI:Wisconsin,WY:Wyoming"
    ).split(",")
)
"""Fifty states and the District of Columbia, by postal code."""
_CODES = {name.upper(): code for code, name in STATES.items()}


class UnknownState(Invalid):
    def __init__(self, given: str) -> None:
        super().__init__(
            f"“{given[:40]}” is not one of the fifty states or DC. A two-letter code such as TX is right.",
            {"field": "state", "expected": "a two-letter state code"},
        )


class BadName(Invalid):
    def __init__(self) -> None:
        super().__init__("Please give a name of 1 to 100 characters.", {"field": "name"})


class BadEmail(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "That e-mail address does not look right.", {"field": "email", "expected": "name@example.com"}
        )


class BadPhone(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "That phone number does not look right.", {"field": "phone", "expected": "+1 512 555 0100"}
        )


@dataclass(frozen=True)
class NewCustomer:
    name: str
    email: str
    phone: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class Customer:
    id: str
    name: str
    email: str
    phone: str | None
    state: str | None
    created_at: datetime
    email_verified_at: datetime | None = None
    phone_verified_at: datetime | None = None


@dataclass(frozen=True)
class Details:
    """What a customer may change of themselves."""

    name: str
    phone: str | None = None
    state: str | None = None


def state_code(given: str) -> str:
    """The postal code of a state given by code or name, in any case."""
    word = " ".join(given.upper().split())
    code = word if word in STATES else _CODES.get(word)
    if code is None:
        raise UnknownState(given)
    return code


def tidy(new: NewCustomer) -> NewCustomer:
    """The same person, written one way: e-mail in lower case, phone as + and digits, state as a code."""
    details = tidy_details(Details(new.name, new.phone, new.state))
    return NewCustomer(details.name, tidy_email(new.email), details.phone, details.state)


def tidy_details(details: Details) -> Details:
    return Details(
        name=tidy_name(details.name),
        phone=tidy_phone(details.phone) if details.phone else None,
        state=state_code(details.state) if details.state else None,
    )


def tidy_name(name: str) -> str:
    """Any script, single spaces."""
    tidied = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(tidied) <= LONGEST_NAME or NOT_IN_A_NAME & set(map(unicodedata.category, tidied)):
        raise BadName
    return tidied


def masked_email(email: str) -> str:
    """Enough to recognise one's own address by: `a…@example.com`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"


def masked_phone(phone: str) -> str:
    return f"…{phone[-4:]}"


def tidy_email(email: str) -> str:
    tidied = email.strip().lower()
    if len(tidied) > LONGEST_EMAIL or not EMAIL.fullmatch(tidied):
        raise BadEmail
    return tidied


def tidy_phone(phone: str) -> str:
    """E.164; a number of ten digits is American."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) not in PHONE_DIGITS:
        raise BadPhone
    return f"+1{digits}" if len(digits) == PHONE_DIGITS.start else f"+{digits}"
