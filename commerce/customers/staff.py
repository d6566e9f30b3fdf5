"""The accounts of those who work in the shop: made by an admin, signed in by password, disabled at once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping

from commerce.customers import access_store
from commerce.customers.access import Method, NotSignedIn, OldPasswordNeeded, SignedIn, Visit, tidy_password
from commerce.customers.models import tidy_email, tidy_name
from commerce.customers.signin import Access
from foundation.auth import Principal, Role, StaffRole
from foundation.clock import Clock
from foundation.crypto import DataKeys, LookupDigest
from foundation.errors import Conflict, NotFound
from foundation.ids import new_id
from foundation.sql import Ledger


class Position(StrEnum):
    SUPPORT = "support"
    MANAGER = "manager"
    COMPLIANCE = "compliance"
    ADMIN = "admin"


@dataclass(frozen=True)
class StaffMember:
    id: str
    name: str
    email: str
    position: Position
    created_by: str
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def principal(self) -> Principal:
        if self.position is Position.ADMIN:
            return Principal(self.id, Role.ADMIN)
        return Principal(self.id, Role.STAFF, staff_role=StaffRole(self.position.value))


class StaffNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such member of staff.")


class AlreadyOnStaff(Conflict):
    def __init__(self) -> None:
        super().__init__("A member of staff has this e-mail address already.", {"field": "email"})


class NotYourself(Conflict):
    def __init__(self) -> None:
        super().__init__("You cannot disable your own account. Please ask another admin.")


class StaffAccounts:
    def __init__(
        self, ledger: Ledger, access: Access, keys: DataKeys, digests: LookupDigest, *, now: Clock
    ) -> None:
        self._ledger = ledger
        self._access = access
        self._keys = keys
        self._digests = digests
        self._now = now

    def add(self, *, name: str, email: str, position: Position, password: str, by: str) -> StaffMember:
        address = tidy_email(email)
        member = StaffMember(new_id("stf"), tidy_name(name), address, position, by, self._now())
        hashed = tidy_password(password, email=address)
        with self._ledger.transaction() as connection:
            if not access_store.add_staff(connection, self._row(member)):
                raise AlreadyOnStaff
            self._access.passwords.put(member.id, hashed)
        return member

    def list(self) -> list[StaffMember]:
        with self._ledger.autocommit() as connection:
            rows = access_store.all_staff(connection)
        return [self._member(row) for row in rows]

    def find(self, staff_id: str) -> StaffMember:
        with self._ledger.autocommit() as connection:
            row = access_store.find_staff(connection, staff_id)
        if row is None:
            raise StaffNotFound
        return self._member(row)

    def sign_in(self, email: str, password: str, *, visit: Visit) -> SignedIn:
        address = tidy_email(email)
        self._access.lockouts.begin(account=f"staff:{address}", ip=visit.ip)
        with self._ledger.autocommit() as connection:
            known = access_store.staff_by_email(connection, self._digest(address))
        staff_id = known["id"] if known else None
        if not self._access.passwords.fits(staff_id, password) or known is None:
            raise NotSignedIn(Method.PASSWORD)
        with self._ledger.transaction() as connection:
            held = access_store.hold_staff(connection, known["id"])
            if held is None or held["disabled_at"] is not None:
                raise NotSignedIn(Method.PASSWORD)
            principal = self._member(held).principal
            signed_in = self._access.sessions.open(principal, method=Method.PASSWORD, device=visit.device)
        self._access.lockouts.succeeded(account=f"staff:{address}", ip=visit.ip)
        return signed_in

    def disable(self, staff_id: str, *, by: str) -> StaffMember:
        """Every session ends; asked again, it stays as it was."""
        if staff_id == by:
            raise NotYourself
        with self._ledger.transaction() as connection:
            row = access_store.hold_staff(connection, staff_id)
            if row is None:
                raise StaffNotFound
            if row["disabled_at"] is None:
                access_store.disable_staff(connection, staff_id, now=self._now())
            self._access.sessions.end_all(staff_id)
            return self.find(staff_id)

    def change_password(self, principal: Principal, new: str, *, old: str | None, visit: Visit) -> None:
        """One's own; every other session ends."""
        member = self.find(principal.id)
        account = f"staff:{member.email}"
        self._access.lockouts.begin(account=account, ip=visit.ip)
        if not self._access.passwords.fits(member.id, old or ""):
            raise OldPasswordNeeded
        self._access.lockouts.succeeded(account=account, ip=visit.ip)
        self._put_password(member, new, but=principal.token_id)

    def give_password(self, staff_id: str, new: str) -> None:
        """A new one from an admin, for somebody who forgot theirs; every session ends."""
        self._put_password(self.find(staff_id), new, but=None)

    def _put_password(self, member: StaffMember, new: str, *, but: str | None) -> None:
        password = tidy_password(new, email=member.email)
        with self._ledger.transaction() as connection:
            access_store.hold_staff(connection, member.id)
            self._access.passwords.put(member.id, password)
            self._access.sessions.end_all(member.id, but=but)

    def _digest(self, address: str) -> str:
        return self._digests.digest("staff.email", address)

    def _row(self, member: StaffMember) -> dict[str, object]:
        return {
            "id": member.id,
            "name_sealed": self._keys.seal(member.id, member.name, context="staff.name"),
            "email_sealed": self._keys.seal(member.id, member.email, context="staff.email"),
            "email_digest": self._digest(member.email),
            "position": member.position.value,
            "created_by": member.created_by,
            "created_at": member.created_at,
        }

    def _member(self, row: RowMapping) -> StaffMember:
        return StaffMember(
            id=row["id"],
            name=self._keys.open(row["id"], row["name_sealed"], context="staff.name"),
            email=self._keys.open(row["id"], row["email_sealed"], context="staff.email"),
            position=Position(row["position"]),
            created_by=row["created_by"],
            created_at=row["created_at"],
            disabled_at=row["disabled_at"],
        )
