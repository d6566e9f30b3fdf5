"""How somebody shows who they are: a code that was sent, a password, and how often either may be tried."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from foundation.auth import Principal
from foundation.errors import Conflict, Invalid, NotFound, RateLimited, Unauthorized

CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
A_CODE = re.compile(r"[0-9]{6}")
SENDING_WINDOW = timedelta(hours=1)
MOST_CODES_TO_ONE = 5
"""For one who asks. Others who ask for the same have their own, so that nobody uses up the owner's."""
MOST_CODES_TO_ONE_FOR_ALL = 20
MOST_CODES_FROM_ADDRESS = 20

FREE_FAILURES = 5
"""Of one who tries an account. Others who try it have their own, so that nobody locks the owner out."""
FREE_FAILURES_OF_ALL = 100
"""As NIST SP 800-63B has it: more than one address comes to in days."""
FREE_FAILURES_FROM_ADDRESS = 20
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
FAILURES_FORGOTTEN = timedelta(hours=24)

PASSWORD_LENGTH = range(10, 129)
FRESH = timedelta(minutes=10)
"""So long after signing in by code, a password may be set without the old one."""
UNKNOWN_DEVICE = "An unknown device"
BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")
CALLED = {"Edg": "Edge", "OPR": "Opera", "Mac OS X": "macOS"}


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    VERIFY_EMAIL = "verify_email"
    VERIFY_PHONE = "verify_phone"
    CHANGE_EMAIL = "change_email"


class Method(StrEnum):
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of a way to sign in


@dataclass(frozen=True)
class Visit:
    """Where a request to sign in comes from."""

    ip: str
    device: str = UNKNOWN_DEVICE
    guest_id: str | None = None
    """Whose things become the customer's."""


@dataclass(frozen=True)
class Session:
    id: str
    """Its token's."""
    principal_id: str
    method: Method
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    def allows_new_password(self, now: datetime) -> bool:
        return self.method is Method.CODE and now - self.created_at < FRESH


@dataclass(frozen=True)
class SignedIn:
    token: str
    principal: Principal
    session: Session


class NotSignedIn(Unauthorized):
    """The same words whatever was wrong, so that nobody learns who has an account."""

    def __init__(self, method: Method) -> None:
        super().__init__(f"That e-mail address and that {method} do not match. Please try again.")


class WrongCode(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "That code is incorrect or has expired.",
            {"field": "code", "expected": "the six digits of the latest message"},
        )


class CodesTooOften(RateLimited):
    def __init__(self, wait: timedelta) -> None:
        super().__init__(
            f"Several codes were sent already. Please wait {_in_words(wait)} before you request another.",
            retry_after_seconds=_seconds(wait),
        )


class LockedOut(RateLimited):
    def __init__(self, wait: timedelta) -> None:
        super().__init__(
            f"Too many failed attempts. Please wait {_in_words(wait)}, or use a code by e-mail.",
            retry_after_seconds=_seconds(wait),
        )


class WeakPassword(Invalid):
    def __init__(self) -> None:
        super().__init__(
            f"Please choose a password of {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters "
            "that is neither your e-mail address nor a single repeated character.",
            {"field": "password", "expected": f"at least {PASSWORD_LENGTH.start} characters"},
        )


class OldPasswordNeeded(Unauthorized):
    def __init__(self) -> None:
        super().__init__("Please enter your current password, or sign in with a code by e-mail first.")


class SessionNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such session.")


class NothingToVerify(Conflict):
    def __init__(self, channel: str) -> None:
        super().__init__(f"Your account has no unverified {channel}.")


def tidy_password(given: str, *, email: str) -> str:
    """The password in one Unicode form."""
    password = unicodedata.normalize("NFKC", given)
    is_guessable = len(set(password)) == 1 or password.casefold() == email.casefold()
    if len(password) not in PASSWORD_LENGTH or is_guessable:
        raise WeakPassword
    return password


def delay_after(failures: int, *, free: int) -> timedelta:
    """None for the first few; then it doubles up to an hour."""
    if failures < free:
        return timedelta(0)
    doubled = FIRST_DELAY * (1 << min(failures - free, 20))
    return min(doubled, LONGEST_DELAY)


def wait_to_send(sent: list[datetime], now: datetime, *, most: int) -> timedelta:
    """Until another code may go out; `sent` are those of the last window, the oldest first."""
    return sent[-most] + SENDING_WINDOW - now if len(sent) >= most else timedelta(0)


def device_named(user_agent: str) -> str:
    """Such as “Firefox on Linux”, for the owner to recognise; versions and the rest are not kept."""
    browser = next((word for word in BROWSERS if f"{word}/" in user_agent), None)
    system = next((word for word in SYSTEMS if word in user_agent), None)
    known = [CALLED.get(word, word) for word in (browser, system) if word]
    return " on ".join(known) or UNKNOWN_DEVICE


def _seconds(wait: timedelta) -> int:
    return max(1, round(wait.total_seconds()))


def _in_words(wait: timedelta) -> str:
    seconds = _seconds(wait)
    return f"{seconds} seconds" if seconds <= 90 else f"{-(-seconds // 60)} minutes"  # noqa: PLR2004 - a minute and a half
