"""Staff accounts: an admin creates and disables them, each member of staff signs in with a password."""

from typing import Annotated

from fastapi import Depends

from api.authorization import Admin, Staff
from api.deps import StaffAccountsDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routes.account.auth import TheVisit, no_store
from api.routing import api_router
from api.schemas.accounts import PasswordChange, PasswordChanged, SessionToken
from api.schemas.ids import StaffPath
from api.schemas.staff import PasswordReset, StaffCredentials, StaffIn, StaffOut
from commerce.customers.staff import StaffMember

router = api_router(
    prefix="/api/staff",
    tag="staff",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "RATE_LIMITED"),
)
StaffPages = Annotated[PageRequest, Depends(PageOf("staff"))]


@router.post("/sign-in", dependencies=[Depends(no_store)])
def sign_in_staff(
    given: StaffCredentials, accounts: StaffAccountsDep, visit: TheVisit
) -> Envelope[SessionToken]:
    """Sign in as a member of staff. The token has the scopes of the account's position."""
    return Envelope(data=SessionToken.of(accounts.sign_in(given.email, given.password, visit=visit)))


@router.put("/password", responses=refusals("FORBIDDEN", "NOT_FOUND"))
def change_staff_password(
    given: PasswordChange, principal: Staff, accounts: StaffAccountsDep, visit: TheVisit
) -> Envelope[PasswordChanged]:
    """Change the caller's own password. Every other session is ended."""
    accounts.change_password(principal, given.password, old=given.old_password, visit=visit)
    return Envelope(data=PasswordChanged())


@router.get("", responses=refusals("FORBIDDEN"))
def list_staff(_: Admin, accounts: StaffAccountsDep, page: StaffPages) -> Page[StaffOut]:
    """List all staff accounts, disabled ones too, the oldest first."""
    return page.cut(accounts.list(), StaffOut.of, key=_staff_key)


@router.post("", status_code=201, responses=refusals("FORBIDDEN", "CONFLICT"))
def create_staff(form: StaffIn, principal: Admin, accounts: StaffAccountsDep) -> Envelope[StaffOut]:
    """Create an account with a first password, which its owner should change."""
    member = accounts.add(
        name=form.name, email=form.email, position=form.position, password=form.password, by=principal.id
    )
    return Envelope(data=StaffOut.of(member))


@router.post("/{staff_id}/disable", responses=refusals("FORBIDDEN", "NOT_FOUND", "CONFLICT"))
def disable_staff(staff_id: StaffPath, principal: Admin, accounts: StaffAccountsDep) -> Envelope[StaffOut]:
    """Disable an account and end its sessions at once."""
    return Envelope(data=StaffOut.of(accounts.disable(staff_id, by=principal.id)))


@router.put("/{staff_id}/password", responses=refusals("FORBIDDEN", "NOT_FOUND"))
def reset_staff_password(
    staff_id: StaffPath, given: PasswordReset, _: Admin, accounts: StaffAccountsDep
) -> Envelope[PasswordChanged]:
    """Set the password of another member of staff."""
    accounts.give_password(staff_id, given.password)
    return Envelope(data=PasswordChanged())


def _staff_key(member: StaffMember) -> Key:
    return time_key(member.created_at, member.id)
