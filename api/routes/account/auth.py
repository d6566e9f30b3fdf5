"""Signing in and out: guest tokens, accounts by code or password, sessions."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request, Response

from api.address import address_of
from api.authorization import Caller, Owner
from api.deps import AccessDep, ClockDep, CustomersDep, OwnAccessDep, SettingsDep, SignInDep, TokensDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, newest_key
from api.routing import api_router
from api.schemas.accounts import (
    CodeRequest,
    CodeSent,
    Credentials,
    GuestToken,
    PasswordChange,
    PasswordChanged,
    PrincipalOut,
    Registration,
    SessionOut,
    SessionsEnded,
    SessionToken,
    SignOutResult,
)
from api.schemas.ids import SessionPath
from commerce.customers.access import Session, Visit, device_named
from commerce.customers.models import NewCustomer
from commerce.customers.service import Customers
from foundation.auth import Principal, Role
from foundation.errors import NotFound
from foundation.ids import new_id

router = api_router(prefix="/api/auth", tag="auth", responses=refusals("INVALID_INPUT", "RATE_LIMITED"))
SessionPages = Annotated[PageRequest, Depends(PageOf("sessions"))]


def visit(request: Request) -> Visit:
    """Origin of the request; a guest's data is taken over into the account."""
    known = request.scope["state"].get("caller")
    is_guest = isinstance(known, Principal) and known.role is Role.GUEST
    return Visit(
        ip=address_of(request.scope),
        device=device_named(request.headers.get("user-agent", "")),
        guest_id=known.id if is_guest else None,
    )


TheVisit = Annotated[Visit, Depends(visit)]


def no_store(response: Response) -> None:
    """A response with a token must not be stored."""
    response.headers["Cache-Control"] = "no-store"


@router.post("/guest", status_code=201, dependencies=[Depends(no_store)])
def create_guest_token(settings: SettingsDep, tokens: TokensDep, now: ClockDep) -> Envelope[GuestToken]:
    """Create a token for somebody who has not signed in. It allows browsing and chatting."""
    ttl = timedelta(hours=settings.auth.ttl_hours)
    token = tokens.issue(Principal(new_id("gst"), Role.GUEST), ttl=ttl)
    return Envelope(data=GuestToken(token=token, role=Role.GUEST, expires_at=now() + ttl))


@router.post("/register", status_code=202)
def register(form: Registration, signing_in: SignInDep, visit: TheVisit) -> Envelope[CodeSent]:
    """Register. A code goes to the e-mail address; signing in with it completes the registration.

    When the address has an account already, its owner is sent a code to sign in with.
    """
    signing_in.register(NewCustomer(form.name, form.email, form.phone, form.state), visit=visit)
    return Envelope(data=CodeSent())


@router.post("/code", status_code=202)
def send_sign_in_code(wanted: CodeRequest, signing_in: SignInDep, visit: TheVisit) -> Envelope[CodeSent]:
    """Send a code to sign in with: six digits, valid for ten minutes and five tries."""
    signing_in.send_code(wanted.email, visit=visit)
    return Envelope(data=CodeSent())


@router.post("/sign-in", responses=refusals("UNAUTHORIZED"), dependencies=[Depends(no_store)])
def sign_in(given: Credentials, signing_in: SignInDep, visit: TheVisit) -> Envelope[SessionToken]:
    """Sign in with a code or a password.

    When the request has a guest's token, the guest's conversations, cart and consents are taken over.
    """
    if given.code is not None:
        signed_in = signing_in.by_code(given.email, given.code, visit=visit)
    else:
        signed_in = signing_in.by_password(given.email, given.password or "", visit=visit)
    return Envelope(data=SessionToken.of(signed_in))


@router.get("/me", responses=refusals("UNAUTHORIZED"))
def get_principal(principal: Caller, customers: CustomersDep) -> Envelope[PrincipalOut]:
    """Get the owner and the scopes of the token."""
    return Envelope(
        data=PrincipalOut(
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
def sign_out(principal: Caller, access: AccessDep, tokens: TokensDep) -> Envelope[SignOutResult]:
    """Revoke the token of this request."""
    sessions = access.sessions
    if any(each.id == principal.token_id for each in sessions.list(principal.id)):
        sessions.end(principal.token_id, principal_id=principal.id)
    else:
        tokens.revoke(principal.token_id, principal.expires_at)
    return Envelope(data=SignOutResult())


@router.get("/sessions", responses=refusals("UNAUTHORIZED"))
def list_sessions(principal: Caller, access: AccessDep, page: SessionPages) -> Page[SessionOut]:
    """List where the account is signed in, the latest used first."""

    def show(session: Session) -> SessionOut:
        return SessionOut.of(session, current=session.id == principal.token_id)

    return page.cut(access.sessions.list(principal.id), show, key=_session_key)


@router.delete("/sessions/{session_id}", responses=refusals("UNAUTHORIZED", "NOT_FOUND"))
def end_session(session_id: SessionPath, principal: Caller, access: AccessDep) -> Envelope[SessionsEnded]:
    """End one session."""
    access.sessions.end(session_id, principal_id=principal.id)
    return Envelope(data=SessionsEnded(ended=1))


@router.delete("/sessions", responses=refusals("UNAUTHORIZED"))
def end_other_sessions(principal: Caller, access: AccessDep) -> Envelope[SessionsEnded]:
    """End every session except the one of this request."""
    ended = access.sessions.end_all(principal.id, but=principal.token_id)
    return Envelope(data=SessionsEnded(ended=ended))


@router.put("/password", responses=refusals("UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND"))
def set_password(
    given: PasswordChange, principal: Owner, own_access: OwnAccessDep, visit: TheVisit
) -> Envelope[PasswordChanged]:
    """Set or change the password. Every other session is ended."""
    own_access.set_password(principal, given.password, old=given.old_password, visit=visit)
    return Envelope(data=PasswordChanged())


def _session_key(session: Session) -> Key:
    return newest_key(session.seen_at, session.id)
