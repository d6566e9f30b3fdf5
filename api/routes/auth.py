"""Tokens: a guest gets one for the asking, anyone may look at theirs or end it."""

from datetime import timedelta

from fastapi import APIRouter

from api.bootstrap import House
from api.deps import Caller, TheHouse
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Shape, Timestamp
from foundation.auth import Principal, Role
from foundation.errors import NotFound
from foundation.ids import new_id

router = APIRouter(prefix="/api/auth", tags=["auth"], responses=refusals("INVALID_INPUT", "RATE_LIMITED"))


class GuestToken(Shape):
    token: str
    role: Role
    expires_at: Timestamp


class Me(Shape):
    id: str
    role: Role
    name: str | None
    """Of a customer; the others are known by their role."""
    scopes: list[str]


class SignedOut(Shape):
    revoked: bool = True


@router.post("/guest", status_code=201)
def guest_token(house: TheHouse) -> Envelope[GuestToken]:
    """A token for someone who has not signed in: they may look around and talk, nothing more."""
    ttl = timedelta(hours=house.settings.auth.ttl_hours)
    token = house.tokens.issue(Principal(new_id("gst"), Role.GUEST), ttl=ttl)
    return Envelope(data=GuestToken(token=token, role=Role.GUEST, expires_at=house.now() + ttl))


@router.get("/me", responses=refusals("UNAUTHORIZED"))
def me(principal: Caller, house: TheHouse) -> Envelope[Me]:
    """Whom this token speaks for, and what it may do."""
    name = _name(principal, house)
    return Envelope(data=Me(id=principal.id, role=principal.role, name=name, scopes=sorted(principal.scopes)))


def _name(principal: Principal, house: House) -> str | None:
    if principal.role is not Role.CUSTOMER:
        return None
    try:
        return house.customers.find(principal.id).name
    except NotFound:
        return None


@router.post("/logout", responses=refusals("UNAUTHORIZED"))
def sign_out(principal: Caller, house: TheHouse) -> Envelope[SignedOut]:
    """End this token everywhere, before its time."""
    longest = timedelta(hours=house.settings.auth.ttl_hours)
    house.tokens.revoke(principal.token_id, house.now() + longest)
    return Envelope(data=SignedOut())
