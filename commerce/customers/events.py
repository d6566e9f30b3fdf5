"""The notices that accounts publish: one-time codes, and changes of password or contact details."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from commerce.customers.contact import NOTICES, Channel


@dataclass(frozen=True, kw_only=True)
class SignInCode:
    topic: ClassVar[str] = NOTICES

    template: Literal["sign_in_code"] = "sign_in_code"
    about: str
    sealed_code: str
    sealed_email: str | None = None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class VerifyEmail:
    topic: ClassVar[str] = NOTICES

    template: Literal["verify_email"] = "verify_email"
    about: str
    sealed_code: str
    sealed_email: str | None = None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class VerifyPhone:
    topic: ClassVar[str] = NOTICES

    template: Literal["verify_phone"] = "verify_phone"
    about: str
    sealed_code: str
    sealed_phone: str | None = None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class UndeliverableCode:
    """A code for an address without an account: the same is written, on a topic without a subscriber."""

    topic: ClassVar[str] = "undeliverable_codes"

    template: str
    about: str
    sealed_code: str
    sealed_address: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class PasswordChanged:
    topic: ClassVar[str] = NOTICES

    template: Literal["password_changed"] = "password_changed"
    about: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ContactChanged:
    """Goes to the former address, which the sealed field holds."""

    topic: ClassVar[str] = NOTICES

    template: Literal["contact_changed"] = "contact_changed"
    about: str
    channel: Channel
    kind: Literal["email", "phone"]
    at: datetime
    sealed_email: str | None = None
    sealed_phone: str | None = None
