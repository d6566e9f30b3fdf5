"""The notices that accounts publish: one-time codes, and changes of password or contact details."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from commerce.customers.contact import NOTICES, Channel


@dataclass(frozen=True, kw_only=True)
class SignInCodeNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["sign_in_code"] = "sign_in_code"
    about: str
    sealed_code: str
    sealed_email: str | None = None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class VerifyEmailNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["verify_email"] = "verify_email"
    about: str
    sealed_code: str
    sealed_email: str | None = None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class VerifyPhoneNotice:
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
class SealedCode:
    """A code and the address it goes to, sealed under the customer's key."""

    about: str
    code: str
    address: str
    expires_at: datetime


def code_notice(
    template: str, sealed: SealedCode, *, is_deliverable: bool
) -> SignInCodeNotice | VerifyEmailNotice | VerifyPhoneNotice | UndeliverableCode:
    about, code, address, until = sealed.about, sealed.code, sealed.address, sealed.expires_at
    if not is_deliverable:
        return UndeliverableCode(
            template=template, about=about, sealed_code=code, sealed_address=address, expires_at=until
        )
    if template == "verify_phone":
        return VerifyPhoneNotice(about=about, sealed_code=code, sealed_phone=address, expires_at=until)
    kind = VerifyEmailNotice if template == "verify_email" else SignInCodeNotice
    return kind(about=about, sealed_code=code, sealed_email=address, expires_at=until)


@dataclass(frozen=True, kw_only=True)
class PasswordChangedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["password_changed"] = "password_changed"
    about: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ContactChangedNotice:
    """Goes to the former address, which the sealed field holds."""

    topic: ClassVar[str] = NOTICES

    template: Literal["contact_changed"] = "contact_changed"
    about: str
    channel: Channel
    kind: Literal["email", "phone"]
    at: datetime
    sealed_email: str | None = None
    sealed_phone: str | None = None
