"""Signing in, sessions and passwords."""

from typing import Annotated

from pydantic import Field

from api.schemas.base import Matching, PlainText, Schema, Timestamp, example
from commerce.customers.access import Method, Session, SignedIn
from foundation.auth import Role, StaffRole

EXAMPLE_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJnc3RfZ3VzIn0.c2lnbmF0dXJl"  # noqa: S105 - an example
CODE_SECONDS = 600

Email = Annotated[PlainText, Field(min_length=3, max_length=254, examples=["dana@example.com"])]
Secret = Annotated[
    str,
    Matching(r"^[^\x00-\x1f\x7f]*$", "no control characters"),
    Field(max_length=200, examples=["correct horse battery"]),
]
Code = Annotated[str, Matching(r"^[0-9]{6}$", "the six digits of the message"), Field(examples=["123456"])]


class GuestToken(Schema):
    """A token of somebody who has not signed in."""

    model_config = example(token=EXAMPLE_TOKEN, role="guest")

    token: str
    """Bearer token."""
    role: Role
    """Role of its owner."""
    expires_at: Timestamp
    """When it ends."""


class PrincipalOut(Schema):
    """Whom a token speaks for, and what it may do."""

    model_config = example(
        id="cus_demo",
        role="customer",
        duty=None,
        name="Dana Demo",
        scopes=["own:read", "own:write", "shop:read"],
    )

    id: str
    """Id of the customer, guest, member of staff or machine."""
    role: Role
    """Role of the owner."""
    duty: StaffRole | None
    """Duty of a member of staff; null for others."""
    name: str | None
    """Name of a customer; null for others."""
    scopes: list[str]
    """Scopes of the token."""


class SignOutResult(Schema):
    """The token is revoked."""

    revoked: bool = True
    """Always true."""


class Registration(Schema):
    """A new customer."""

    model_config = example(name="Dana Demo", email="dana@example.com", phone="+15125550100", state="TX")

    name: Annotated[PlainText, Field(min_length=1, max_length=100)]
    """Full name."""
    email: Email
    """E-mail address; the code goes there."""
    phone: Annotated[PlainText, Field(max_length=30)] | None = None
    """Phone number."""
    state: Annotated[PlainText, Field(max_length=30)] | None = None
    """State of residence: its code or its name."""


class CodeRequest(Schema):
    """Whom to send a code."""

    model_config = example(email="dana@example.com")

    email: Email
    """E-mail address of the account."""


class CodeSent(Schema):
    """A code was sent, if there is such an account; the response is the same without one."""

    model_config = example(sent=True, expiresInSeconds=CODE_SECONDS)

    sent: bool = True
    """Always true."""
    expires_in_seconds: int = CODE_SECONDS
    """How long a code is valid."""


class Credentials(Schema):
    """An e-mail address with either a code or a password."""

    model_config = example(email="dana@example.com", code="123456", password=None)

    email: Email
    """E-mail address of the account."""
    code: Code | None = None
    """Code from the message; either this or the password."""
    password: Secret | None = None
    """Password; either this or the code."""


class SessionToken(Schema):
    """A token of an account, and its session."""

    model_config = example(
        token=EXAMPLE_TOKEN, sessionId="tok_9q0z7x3c5v6b4n8f2k1m", id="cus_demo", role="customer"
    )

    token: str
    """Bearer token."""
    session_id: str
    """Id of the session."""
    id: str
    """Id of the account."""
    role: Role
    """Role of the account."""
    expires_at: Timestamp
    """When the session ends."""

    @classmethod
    def of(cls, signed_in: SignedIn) -> "SessionToken":
        return cls(
            token=signed_in.token,
            session_id=signed_in.session.id,
            id=signed_in.principal.id,
            role=signed_in.principal.role,
            expires_at=signed_in.session.expires_at,
        )


class SessionOut(Schema):
    """A place where the account is signed in."""

    model_config = example(id="tok_9q0z7x3c5v6b4n8f2k1m", device="Firefox on Linux", current=True)

    id: str
    """Id of the session."""
    device: str
    """Browser or program, and operating system."""
    method: Method
    """How the session was opened."""
    current: bool
    """Whether it is the session of this request."""
    created_at: Timestamp
    """When it was opened."""
    seen_at: Timestamp
    """When it was last used."""
    expires_at: Timestamp
    """When it ends."""

    @classmethod
    def of(cls, session: Session, *, current: bool) -> "SessionOut":
        return cls(
            id=session.id,
            device=session.device,
            method=session.method,
            current=current,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
        )


class SessionsEnded(Schema):
    """Sessions were ended."""

    ended: int
    """How many."""


class PasswordChange(Schema):
    """A new password."""

    model_config = example(password="correct horse battery", oldPassword="a former one")  # noqa: S106

    password: Secret
    """The new password."""
    old_password: Secret | None = None
    """The password so far; not needed within ten minutes of signing in with a code."""


class PasswordChanged(Schema):
    """The password was changed."""

    changed: bool = True
    """Always true."""
