"""The accounts of those who work in the shop: an admin makes and ends them, each signs in by password."""

from typing import Annotated

from fastapi import Depends
from pydantic import ConfigDict, Field

from api.authorization import Admin, Staff
from api.deps import PathId, StaffAccountsDep
from api.envelope import Envelope
from api.errors import refusals
from api.routes.account.auth import Email, NewPassword, PasswordSet, Secret, SignedInShown, TheVisit, not_kept
from api.routing import api_router
from api.schemas.base import PlainText, Schema, Timestamp
from commerce.customers.staff import Position, StaffMember

router = api_router(
    prefix="/api/staff",
    tag="staff",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "RATE_LIMITED"),
)


class StaffCredentials(Schema):
    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "sam@livhana.example", "password": "correct horse battery"}}
    )

    email: Email
    password: Secret


class NewMember(StaffCredentials):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Sam Staff",
                "email": "sam@livhana.example",
                "position": "support",
                "password": "correct horse battery",
            }
        }
    )

    name: Annotated[PlainText, Field(min_length=1, max_length=100)]
    position: Position


class GivenPassword(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"password": "correct horse battery"}})

    password: Secret


class Member(Schema):
    id: str
    name: str
    email: str
    position: Position
    created_by: str
    created_at: Timestamp
    disabled_at: Timestamp | None

    @classmethod
    def of(cls, member: StaffMember) -> "Member":
        return cls.model_validate(member)


@router.post("/sign-in", dependencies=[Depends(not_kept)])
def sign_in_staff(
    given: StaffCredentials, accounts: StaffAccountsDep, visit: TheVisit
) -> Envelope[SignedInShown]:
    """A token with the scopes of the account's position."""
    return Envelope(data=SignedInShown.of(accounts.sign_in(given.email, given.password, visit=visit)))


@router.put("/password", responses=refusals("FORBIDDEN", "NOT_FOUND"))
def change_staff_password(
    given: NewPassword, principal: Staff, accounts: StaffAccountsDep, visit: TheVisit
) -> Envelope[PasswordSet]:
    """One's own; every other session ends."""
    accounts.change_password(principal, given.password, old=given.old_password, visit=visit)
    return Envelope(data=PasswordSet())


@router.get("", responses=refusals("FORBIDDEN"))
def list_staff(_: Admin, accounts: StaffAccountsDep) -> Envelope[list[Member]]:
    """Everybody who ever had an account."""
    return Envelope(data=[Member.of(each) for each in accounts.list()])


@router.post("", status_code=201, responses=refusals("FORBIDDEN", "CONFLICT"))
def create_staff(form: NewMember, principal: Admin, accounts: StaffAccountsDep) -> Envelope[Member]:
    """An account with a first password, for its owner to change."""
    member = accounts.add(
        name=form.name, email=form.email, position=form.position, password=form.password, by=principal.id
    )
    return Envelope(data=Member.of(member))


@router.post("/{staff_id}/disable", responses=refusals("FORBIDDEN", "NOT_FOUND", "CONFLICT"))
def disable_staff(staff_id: PathId, principal: Admin, accounts: StaffAccountsDep) -> Envelope[Member]:
    """End the account and every session of it at once."""
    return Envelope(data=Member.of(accounts.disable(staff_id, by=principal.id)))


@router.put("/{staff_id}/password", responses=refusals("FORBIDDEN", "NOT_FOUND"))
def reset_staff_password(
    staff_id: PathId, given: GivenPassword, _: Admin, accounts: StaffAccountsDep
) -> Envelope[PasswordSet]:
    """For somebody who forgot theirs."""
    accounts.give_password(staff_id, given.password)
    return Envelope(data=PasswordSet())
