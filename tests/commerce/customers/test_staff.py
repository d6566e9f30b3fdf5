from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from commerce.customers.access import NotSignedIn, OldPasswordNeeded
from commerce.customers.access_store import staff
from commerce.customers.staff import AlreadyOnStaff, NotYourself, Position, StaffMember, StaffNotFound
from foundation.auth import Role, StaffRole
from foundation.errors import Unauthorized
from tests.commerce.customers.conftest import HOME, PASSWORD, Door

EMAIL = "sam@livhana.example"


def hire(door: Door, position: Position = Position.SUPPORT, *, email: str = EMAIL) -> StaffMember:
    return door.staff.add(name="Sam Staff", email=email, position=position, password=PASSWORD, by="stf_boss")


@pytest.mark.parametrize(
    ("position", "role", "staff_role"),
    [
        (Position.SUPPORT, Role.STAFF, StaffRole.SUPPORT),
        (Position.MANAGER, Role.STAFF, StaffRole.MANAGER),
        (Position.COMPLIANCE, Role.STAFF, StaffRole.COMPLIANCE),
        (Position.ADMIN, Role.ADMIN, None),
    ],
)
def test_position_decides_what_a_token_may(
    door: Door, position: Position, role: Role, staff_role: StaffRole | None
) -> None:
    sam = hire(door, position)

    bearer = door.tokens.verify(door.staff.sign_in(EMAIL, PASSWORD, visit=HOME).token)

    assert (bearer.id, bearer.role, bearer.staff_role) == (sam.id, role, staff_role)


def test_disabled_account_is_out_at_once_and_stays_out(door: Door) -> None:
    sam = hire(door)
    signed_in = door.staff.sign_in(EMAIL, PASSWORD, visit=HOME)

    disabled = door.staff.disable(sam.id, by="stf_boss")

    assert disabled.disabled_at == door.clock()
    with pytest.raises(Unauthorized):
        door.tokens.verify(signed_in.token)
    with pytest.raises(NotSignedIn):
        door.staff.sign_in(EMAIL, PASSWORD, visit=HOME)


def test_sign_in_while_being_disabled_leaves_no_session(door: Door) -> None:
    sam = hire(door)

    def enter(_: int) -> None:
        try:
            door.staff.sign_in(EMAIL, PASSWORD, visit=HOME)
        except NotSignedIn:
            return

    with ThreadPoolExecutor(4) as pool:
        entering = [pool.submit(enter, number) for number in range(3)]
        pool.submit(door.staff.disable, sam.id, by="stf_boss").result()
        for each in entering:
            each.result()

    assert door.access.sessions.list(sam.id) == []


def test_admin_cannot_lock_themselves_out(door: Door) -> None:
    boss = hire(door, Position.ADMIN)

    with pytest.raises(NotYourself):
        door.staff.disable(boss.id, by=boss.id)


def test_address_is_used_once(door: Door) -> None:
    hire(door)

    with pytest.raises(AlreadyOnStaff):
        hire(door, email="SAM@livhana.example")


def test_unknown_account_and_wrong_password_sound_the_same(door: Door) -> None:
    hire(door)

    with pytest.raises(NotSignedIn) as wrong:
        door.staff.sign_in(EMAIL, "not the password", visit=HOME)
    with pytest.raises(NotSignedIn) as unknown:
        door.staff.sign_in("nobody@livhana.example", PASSWORD, visit=HOME)

    assert str(wrong.value) == str(unknown.value)


def test_own_password_needs_the_old_one_and_ends_other_sessions(door: Door) -> None:
    hire(door)
    here, there = (door.staff.sign_in(EMAIL, PASSWORD, visit=HOME) for _ in range(2))

    with pytest.raises(OldPasswordNeeded):
        door.staff.change_password(here.principal, "another secret", old="wrong", visit=HOME)
    door.staff.change_password(here.principal, "another secret", old=PASSWORD, visit=HOME)

    assert door.tokens.verify(here.token) == here.principal
    with pytest.raises(Unauthorized):
        door.tokens.verify(there.token)


def test_password_from_an_admin_ends_every_session(door: Door) -> None:
    sam = hire(door)
    signed_in = door.staff.sign_in(EMAIL, PASSWORD, visit=HOME)

    door.staff.give_password(sam.id, "a secret from the boss")

    with pytest.raises(Unauthorized):
        door.tokens.verify(signed_in.token)
    assert door.staff.sign_in(EMAIL, "a secret from the boss", visit=HOME).principal.id == sam.id


def test_name_and_address_are_sealed(door: Door) -> None:
    sam = hire(door)

    with door.shop.ledger.transaction() as tx:
        stored = str(tx.execute(select(staff)).one())

    assert not any(word in stored for word in ("Sam", "sam@"))
    assert door.staff.list() == [sam]


def test_nobody_unknown_is_disabled(door: Door) -> None:
    with pytest.raises(StaffNotFound):
        door.staff.disable("stf_nobody", by="stf_boss")
