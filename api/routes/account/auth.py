"""Ways in and out: a guest's token for the asking, an account by code or password, sessions and their end."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import ConfigDict, Field

from api.address import address_of
from api.authorization import Caller, Owner
from api.deps import (
    AccessDep,
    ClockDep,
    CustomersDep,
    OwnAccessDep,
    PathId,
    SettingsDep,
    SignInDep,
    TokensDep,
)
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Matching, PlainText, Schema, Timestamp
from commerce.customers.access import Method, Session, SignedIn, Visit, device_named
from commerce.customers.models import NewCustomer
from commerce.customers.service import Customers
from foundation.auth import Principal, Role, StaffRole
from foundation.errors import NotFound
from foundation.ids import new_id

router = api_router(prefix="/api/auth", tag="auth", responses=refusals("INVALID_INPUT", "RATE_LIMITED"))

Email = Annotated[PlainText, Field(min_length=3, max_length=254, examples=["dana@example.com"])]
Secret = Annotated[str, Matching(r"^[^\x00-\x1f\x7f]*$", "no control characters"), Field(max_length=200)]
Code = Annotated[str, Matching(r"^[0-9]{6}$", "the six digits of the message"), Field(examples=["123456"])]


class GuestToken(Schema):
    token: str
    role: Role
    expires_at: Timestamp


class Me(Schema):
    id: str
    role: Role
    duty: StaffRole | None
    name: str | None
    """Of a customer; the others are known by their role."""
    scopes: list[str]


class SignedOut(Schema):
    revoked: bool = True


class Registration(Schema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Dana Demo",
                "email": "dana@example.com",
                "phone": "+15125550100",
                "state": "TX",
            }
        }
    )

    name: Annotated[PlainText, Field(min_length=1, max_length=100)]
    email: Email
    phone: Annotated[PlainText, Field(max_length=30)] | None = None
    state: Annotated[PlainText, Field(max_length=30)] | None = None


class CodeWanted(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"email": "dana@example.com"}})

    email: Email


class CodeSent(Schema):
    sent: bool = True
    """Also where there is no account: the answer tells a stranger nothing."""
    expires_in_seconds: int = 600


class Credentials(Schema):
    """One of the two."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "dana@example.com", "code": "123456"}})

    email: Email
    code: Code | None = None
    password: Secret | None = None


class SignedInShown(Schema):
    token: str
    session_id: str
    id: str
    role: Role
    expires_at: Timestamp

    @classmethod
    def of(cls, signed_in: SignedIn) -> "SignedInShown":
        return cls(
            token=signed_in.token,
            session_id=signed_in.session.id,
            id=signed_in.principal.id,
            role=signed_in.principal.role,
            expires_at=signed_in.session.expires_at,
        )


class SessionShown(Schema):
    id: str
    device: str
    method: Method
    current: bool
    created_at: Timestamp
    seen_at: Timestamp
    expires_at: Timestamp

    @classmethod
    def of(cls, session: Session, *, current: bool) -> "SessionShown":
        return cls(
            id=session.id,
            device=session.device,
            method=session.method,
            current=current,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
        )


class Ended(Schema):
    ended: int


class NewPassword(Schema):
    model_config = ConfigDict(
        json_schema_extra={"example": {"password": "correct horse battery", "oldPassword": "a former one"}}
    )

    password: Secret
    old_password: Secret | None = None
    """Not needed within ten minutes of signing in with a code."""


class PasswordSet(Schema):
    changed: bool = True


def visit(request: Request) -> Visit:
    """Where this comes from; a guest's things come along."""
    known = request.scope["state"].get("caller")
    is_guest = isinstance(known, Principal) and known.role is Role.GUEST
    return Visit(
        ip=address_of(request.scope),
        device=device_named(request.headers.get("user-agent", "")),
        guest_id=known.id if is_guest else None,
    )


TheVisit = Annotated[Visit, Depends(visit)]


def not_kept(response: Response) -> None:
    """An answer that holds a token is stored nowhere."""
    response.headers["Cache-Control"] = "no-store"


@router.post("/guest", status_code=201, dependencies=[Depends(not_kept)])
def create_guest_token(settings: SettingsDep, tokens: TokensDep, now: ClockDep) -> Envelope[GuestToken]:
    """A token for someone who has not signed in: they may look around and talk, nothing more."""
    ttl = timedelta(hours=settings.auth.ttl_hours)
    token = tokens.issue(Principal(new_id("gst"), Role.GUEST), ttl=ttl)
    return Envelope(data=GuestToken(token=token, role=Role.GUEST, expires_at=now() + ttl))


@router.post("/register", status_code=202)
def register(form: Registration, signing_in: SignInDep, visit: TheVisit) -> Envelope[CodeSent]:
    """Open an account. A code goes to the e-mail address; signing in with it completes the registration.

    Where the address has an account already, its owner is sent a code to sign in with.
    """
    signing_in.register(NewCustomer(form.name, form.email, form.phone, form.state), visit=visit)
    return Envelope(data=CodeSent())


@router.post("/code", status_code=202)
def send_sign_in_code(wanted: CodeWanted, signing_in: SignInDep, visit: TheVisit) -> Envelope[CodeSent]:
    """Have a code sent to sign in with: six digits, good for ten minutes and five tries."""
    signing_in.send_code(wanted.email, visit=visit)
    return Envelope(data=CodeSent())


@router.post("/sign-in", responses=refusals("UNAUTHORIZED"), dependencies=[Depends(not_kept)])
def sign_in(given: Credentials, signing_in: SignInDep, visit: TheVisit) -> Envelope[SignedInShown]:
    """By code or by password. With a guest's token, their conversations, cart and consents come along."""
    if given.code is not None:
        signed_in = signing_in.by_code(given.email, given.code, visit=visit)
    else:
        signed_in = signing_in.by_password(given.email, given.password or "", visit=visit)
    return Envelope(data=SignedInShown.of(signed_in))


@router.get("/me", responses=refusals("UNAUTHORIZED"))
def get_principal(principal: Caller, customers: CustomersDep) -> Envelope[Me]:
    """Whom this token speaks for, and what it may do."""
    return Envelope(
        data=Me(
            id=principal.id,
            role=principal.role,
            duty=principal.staff_role,
            name=_name(principal, customers),
            scopes=sorted(principal.scopes),
        )
    )


def _name(principal: Principal, customers: Customers) -> str | None:
    if principal.role is not Role.CUSTOMER:
        return None
    try:
        return customers.find(principal.id).name
    except NotFound:
        return None


@router.post("/logout", responses=refusals("UNAUTHORIZED"))
def sign_out(principal: Caller, access: AccessDep, tokens: TokensDep) -> Envelope[SignedOut]:
    """End this token everywhere, before its time."""
    sessions = access.sessions
    if any(each.id == principal.token_id for each in sessions.list(principal.id)):
        sessions.end(principal.token_id, principal_id=principal.id)
    else:
        tokens.revoke(principal.token_id, principal.expires_at)
    return Envelope(data=SignedOut())


@router.get("/sessions", responses=refusals("UNAUTHORIZED"))
def list_sessions(principal: Caller, access: AccessDep) -> Envelope[list[SessionShown]]:
    """Where this account is signed in, the latest first."""
    found = access.sessions.list(principal.id)
    return Envelope(data=[SessionShown.of(each, current=each.id == principal.token_id) for each in found])


@router.delete("/sessions/{session_id}", responses=refusals("UNAUTHORIZED", "NOT_FOUND"))
def end_session(session_id: PathId, principal: Caller, access: AccessDep) -> Envelope[Ended]:
    """Sign out there."""
    access.sessions.end(session_id, principal_id=principal.id)
    return Envelope(data=Ended(ended=1))


@router.delete("/sessions", responses=refusals("UNAUTHORIZED"))
def end_other_sessions(principal: Caller, access: AccessDep) -> Envelope[Ended]:
    """Sign out everywhere but here."""
    ended = access.sessions.end_all(principal.id, but=principal.token_id)
    return Envelope(data=Ended(ended=ended))


@router.put("/password", responses=refusals("UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND"))
def set_password(
    given: NewPassword, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[PasswordSet]:
    """Set or change the password; every other session ends."""
    own_access.set_password(principal, given.password, old=given.old_password, visit=visit)
    return Envelope(data=PasswordSet())
