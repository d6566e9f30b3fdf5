"""Age by the calendar of the shop, and what counts as a proof of it."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from foundation.errors import Forbidden, Invalid, RateLimited

MINIMUM_AGE = 21
OLDEST_AGE = 120
VALID_FOR = timedelta(days=365)
GRACE = timedelta(days=30)
"""Time to renew: the customer has not grown younger, so what ended so lately still counts for purchases."""
REMINDER_LEAD_TIME = timedelta(days=30)
FAILED_TRIES = 5
FAILED_TRIES_FROM_ADDRESS = 20
FAILED_TRIES_WINDOW = timedelta(hours=24)

NAME_MARKS = frozenset(" .'\N{RIGHT SINGLE QUOTATION MARK}-")
LONGEST_NAME = 100
LAST_FOUR = re.compile(r"[0-9]{4}")

Method = Literal["full_verification", "barcode_format", "cache"]
"""A barcode is not signed: it shows the form of an ID, never that it is genuine."""


@dataclass(frozen=True)
class AgeSubmission:
    """What the customer enters in the form."""

    full_name: str
    date_of_birth: date
    state: str
    id_last4: str


@dataclass(frozen=True)
class AgeProof:
    """That someone was old enough, and until when it counts. It holds no birthday."""

    id: str
    customer_id: str
    is_over_21: bool
    state: str
    method: Method
    verified_at: datetime
    expires_at: datetime
    usable_until: datetime
    """With the time of grace, in which purchases go on and a renewal is due."""

    def is_valid(self, now: datetime) -> bool:
        """Within its year: a second check needs nothing new."""
        return self.is_over_21 and now < self.expires_at

    def is_usable(self, now: datetime) -> bool:
        return self.is_over_21 and now < self.usable_until

    def is_in_grace(self, now: datetime) -> bool:
        return self.is_usable(now) and not self.is_valid(now)


@dataclass(frozen=True)
class AgeRecord:
    """What is kept of a check, opened for those who answer for it."""

    id: str
    method: Method
    state: str
    id_last4: str
    ip: str | None
    verified_at: datetime
    expires_at: datetime


class AgeNotProven(Forbidden):
    """Raised when a purchase needs a proof of age."""

    form = "age_verification"

    def __init__(self, minimum_age: int = MINIMUM_AGE) -> None:
        super().__init__(
            f"Please verify first that you are {minimum_age} or older. It takes a minute in the secure form.",
            {"minimum_age": minimum_age},
        )


class UnderAge(Forbidden):
    def __init__(self) -> None:
        super().__init__(f"I am sorry: our shop serves customers who are {MINIMUM_AGE} or older.")


class TooManyTries(RateLimited):
    def __init__(self, wait: timedelta) -> None:
        super().__init__(
            "Too many attempts to verify an age. Please try again tomorrow, or ask our team.",
            retry_after_seconds=max(1, int(wait.total_seconds())),
        )


class IncompleteName(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "Please enter your full name, first and last, as it is written on your ID.",
            {"field": "full_name", "expected": "two or more parts, letters, spaces, hyphens and apostrophes"},
        )


class ImpossibleBirthday(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "That date of birth is not possible. Please check it.",
            {"field": "date_of_birth", "expected": f"a day in the last {OLDEST_AGE} years"},
        )


class BadLastFour(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "Please enter the last four digits of your ID number.",
            {"field": "id_last4", "expected": "exactly four digits"},
        )


def age_on(day: date, *, born: date) -> int:
    """Whole years. Someone born on 29 February has their birthday on 1 March of a common year."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def tidy_name(full_name: str) -> str:
    """The name with single spaces.

    Raises:
        IncompleteName: when it has fewer than two parts or characters no name has.
    """
    parts = unicodedata.normalize("NFC", full_name).split()
    name = " ".join(parts)
    has_letters = len(parts) > 1 and all(any(map(str.isalpha, part)) for part in parts)
    if not has_letters or len(name) > LONGEST_NAME or not all(map(_belongs_in_a_name, name)):
        raise IncompleteName
    return name


def _belongs_in_a_name(character: str) -> bool:
    """Letters and vowel signs of any script, and what joins them."""
    return character in NAME_MARKS or unicodedata.category(character)[0] in "LM"


def check_form(submission: AgeSubmission, today: date) -> int:
    """The age that the form claims, when it is filled in properly."""
    if not LAST_FOUR.fullmatch(submission.id_last4):
        raise BadLastFour
    age = age_on(today, born=submission.date_of_birth)
    if not 0 <= age <= OLDEST_AGE:
        raise ImpossibleBirthday
    return age
