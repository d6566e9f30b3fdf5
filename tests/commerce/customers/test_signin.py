import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from commerce.customers.access import (
    CodesTooOften,
    LockedOut,
    NothingToVerify,
    NotSignedIn,
    OldPasswordNeeded,
    Visit,
    WeakPassword,
    WrongCode,
)
from commerce.customers.access_store import one_time_codes, passwords
from commerce.customers.contact import Channel
from commerce.customers.models import Details, NewCustomer
from commerce.customers.service import AlreadyRegistered
from foundation.auth import Role
from foundation.crypto import KeyShredded
from foundation.errors import ShopError, Unauthorized
from tests.commerce.customers.conftest import ANA, HOME, PASSWORD, Door

ELSEWHERE = Visit("198.51.100.9", "Safari on iPhone")

pytestmark = pytest.mark.slow


def tried(door: Door, code: str) -> bool:
    try:
        door.sign_in.by_code(ANA.email, code, visit=HOME)
    except NotSignedIn:
        return False
    return True


class TestRegister:
    def test_code_of_the_registration_lets_its_owner_in(self, door: Door) -> None:
        entered = door.enter()

        customer = door.shop.customers.find(entered.principal.id)
        bearer = door.tokens.verify(entered.token)
        assert (bearer.id, bearer.role) == (customer.id, Role.CUSTOMER)
        assert customer.name == "Ana María O'Brien"
        assert customer.email_verified_at == entered.session.created_at

    def test_second_registration_changes_nothing_and_looks_the_same(self, door: Door) -> None:
        first = door.enter()

        door.sign_in.register(ANA, visit=HOME)

        assert [each["template"] for each in door.told()] == ["verify_email", "sign_in_code"]
        assert door.told()[-1]["customer_id"] == first.principal.id

    def test_no_account_comes_of_it_before_the_code(self, door: Door) -> None:
        door.sign_in.register(ANA, visit=HOME)

        assert door.shop.customers.id_of(ANA.email) is None
        with pytest.raises(NotSignedIn):
            door.sign_in.by_password(ANA.email, PASSWORD, visit=HOME)

    def test_latest_form_counts_and_no_strangers(self, door: Door) -> None:
        door.sign_in.register(NewCustomer("A Stranger", ANA.email), visit=ELSEWHERE)
        door.clock.advance(timedelta(seconds=1))

        entered = door.enter()

        assert door.shop.customers.find(entered.principal.id).name == ANA.name

    def test_code_to_sign_in_completes_a_registration_too(self, door: Door) -> None:
        door.sign_in.register(ANA, visit=HOME)
        door.clock.advance(timedelta(hours=1))
        door.sign_in.send_code(ANA.email, visit=HOME)

        entered = door.sign_in.by_code(ANA.email, door.code(), visit=HOME)

        assert door.shop.customers.find(entered.principal.id).email == ANA.email

    def test_registration_that_nobody_completes_is_forgotten_after_a_week(self, door: Door) -> None:
        door.sign_in.register(ANA, visit=HOME)
        told = door.told()[-1]

        door.clock.advance(timedelta(days=7))
        early = door.access.registrations.prune()
        door.clock.advance(timedelta(seconds=1))

        assert (early, door.access.prune()) == (0, 1)
        assert door.access.registrations.id_of(ANA.email) is None
        with pytest.raises(KeyShredded):
            door.shop.keys.open(told["customer_id"], told["sealed_email"], context="notices.email")

    def test_no_code_stands_anywhere_in_clear(self, door: Door) -> None:
        door.sign_in.register(ANA, visit=HOME)

        with door.shop.ledger.transaction() as tx:
            stored = str(tx.execute(select(one_time_codes)).one())
        told = str([{k: v for k, v in each.items() if k != "customer_id"} for each in door.told()])
        assert not any("100001" in kept or "ana@" in kept for kept in (stored, told))


class TestCode:
    @pytest.fixture(autouse=True)
    def registered(self, door: Door) -> None:
        door.enter()

    def test_code_counts_once_for_many_who_use_it_at_once(self, door: Door) -> None:
        door.sign_in.send_code(ANA.email, visit=HOME)
        code = door.code()

        with ThreadPoolExecutor(4) as pool:
            let_in = sum(pool.map(lambda _: tried(door, code), range(4)))

        assert let_in == 1

    def test_sixth_try_fails_even_with_the_right_code(self, door: Door) -> None:
        door.sign_in.send_code(ANA.email, visit=HOME)

        wrong = [tried(door, f"00000{number}") for number in range(5)]

        assert wrong == [False] * 5
        assert not tried(door, door.code())

    def test_guesses_at_once_are_five_at_most(self, door: Door) -> None:
        door.sign_in.send_code(ANA.email, visit=HOME)
        guesses = [*(f"00000{number}" for number in range(8)), door.code()]

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda code: tried(door, code), guesses))

        with door.shop.ledger.transaction() as tx:
            tries = tx.scalars(select(one_time_codes.c.tries).order_by(one_time_codes.c.sent_at)).all()
        assert max(tries) == 5

    def test_code_ends_after_ten_minutes(self, door: Door) -> None:
        door.sign_in.send_code(ANA.email, visit=HOME)

        door.clock.advance(timedelta(minutes=10))

        assert not tried(door, door.code())

    def test_later_code_replaces_the_earlier_one(self, door: Door) -> None:
        door.sign_in.send_code(ANA.email, visit=HOME)
        earlier = door.code()
        door.clock.advance(timedelta(seconds=1))
        door.sign_in.send_code(ANA.email, visit=HOME)

        assert not tried(door, earlier)
        assert tried(door, door.code())

    def test_code_to_verify_a_phone_opens_no_door(self, door: Door) -> None:
        customer_id = door.told()[-1]["customer_id"]
        door.own.send_verification(customer_id, Channel.PHONE, visit=HOME)

        assert not tried(door, door.code())

    @pytest.mark.parametrize("email", [ANA.email, "nobody@example.com"])
    def test_codes_are_sent_five_times_an_hour_whoever_asks(self, door: Door, email: str) -> None:
        door.clock.advance(timedelta(hours=1))
        for _ in range(5):
            door.sign_in.send_code(email, visit=HOME)

        with pytest.raises(CodesTooOften) as refusal:
            door.sign_in.send_code(email, visit=HOME)

        assert refusal.value.retry_after_seconds == 3600

    def test_stranger_uses_up_none_of_the_owners_codes(self, door: Door) -> None:
        for _ in range(5):
            door.sign_in.send_code(ANA.email, visit=ELSEWHERE)
        door.clock.advance(timedelta(seconds=1))

        door.sign_in.send_code(ANA.email, visit=HOME)

        assert tried(door, door.code())

    def test_many_strangers_send_twenty_codes_an_hour_at_most(self, door: Door) -> None:
        door.clock.advance(timedelta(hours=1))
        for number in range(20):
            door.sign_in.send_code(ANA.email, visit=Visit(f"198.51.100.{number}"))

        with pytest.raises(CodesTooOften):
            door.sign_in.send_code(ANA.email, visit=ELSEWHERE)

    def test_one_address_has_twenty_codes_an_hour(self, door: Door) -> None:
        for number in range(19):
            door.sign_in.send_code(f"person{number}@example.com", visit=HOME)

        with pytest.raises(CodesTooOften):
            door.sign_in.send_code("another@example.com", visit=HOME)
        door.sign_in.send_code("another@example.com", visit=ELSEWHERE)

    def test_stranger_gets_the_same_answer_and_nothing_is_sent(self, door: Door) -> None:
        before = len(door.told())

        door.sign_in.send_code("nobody@example.com", visit=HOME)

        assert len(door.told()) == before
        assert len(door.told("undeliverable_codes")) == 1
        with pytest.raises(NotSignedIn) as unknown:
            door.sign_in.by_code("nobody@example.com", "100002", visit=HOME)
        with pytest.raises(NotSignedIn) as known:
            door.sign_in.by_code(ANA.email, "000000", visit=HOME)
        assert str(unknown.value) == str(known.value)


class TestPassword:
    def test_password_lets_its_owner_in_and_is_kept_as_argon2(self, door: Door) -> None:
        entered = door.enter()

        door.own.set_password(entered.principal, PASSWORD, old=None, visit=HOME)
        again = door.sign_in.by_password("ANA@example.com", PASSWORD, visit=HOME)

        assert again.principal.id == entered.principal.id
        with door.shop.ledger.transaction() as tx:
            assert re.match(r"\$argon2id\$", tx.scalars(select(passwords.c.hash)).one())

    def test_changed_password_ends_every_other_session_and_tells_the_owner(self, door: Door) -> None:
        elsewhere, here = door.enter(visit=ELSEWHERE), door.enter()

        door.own.set_password(here.principal, PASSWORD, old=None, visit=HOME)

        assert door.tokens.verify(here.token) == here.principal
        with pytest.raises(Unauthorized):
            door.tokens.verify(elsewhere.token)
        assert door.told()[-1]["template"] == "password_changed"

    def test_session_that_is_not_fresh_needs_the_old_password(self, door: Door) -> None:
        entered = door.enter()
        door.own.set_password(entered.principal, PASSWORD, old=None, visit=HOME)
        door.clock.advance(timedelta(minutes=9, seconds=59))

        for old in (None, "not the old one"):
            with pytest.raises(OldPasswordNeeded):
                door.own.set_password(entered.principal, "another secret", old=old, visit=HOME)
        door.own.set_password(entered.principal, "another secret", old=PASSWORD, visit=HOME)

        assert (
            door.sign_in.by_password(ANA.email, "another secret", visit=HOME).principal.id
            == entered.principal.id
        )

    @pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaa", "ANA@example.com", "x" * 129])
    def test_weak_password_is_refused(self, door: Door, weak: str) -> None:
        entered = door.enter()

        with pytest.raises(WeakPassword):
            door.own.set_password(entered.principal, weak, old=None, visit=HOME)

    @pytest.mark.parametrize("email", [ANA.email, "nobody@example.com"])
    def test_sixth_failure_waits_longer_each_time_whoever_it_is(self, door: Door, email: str) -> None:
        door.enter()
        waits = []
        for _ in range(9):
            try:
                door.sign_in.by_password(email, "wrong", visit=HOME)
            except NotSignedIn:
                continue
            except LockedOut as locked:
                waits.append(locked.retry_after_seconds)
                door.clock.advance(timedelta(seconds=locked.retry_after_seconds))

        assert waits == [30, 60]

    def test_lockout_stops_the_right_password_but_not_the_owners_code(self, door: Door) -> None:
        entered = door.enter()
        door.own.set_password(entered.principal, PASSWORD, old=None, visit=HOME)
        for _ in range(5):
            with pytest.raises(NotSignedIn):
                door.sign_in.by_password(ANA.email, "wrong", visit=HOME)

        with pytest.raises(LockedOut):
            door.sign_in.by_password(ANA.email, PASSWORD, visit=HOME)
        door.sign_in.send_code(ANA.email, visit=HOME)
        assert door.sign_in.by_code(ANA.email, door.code(), visit=HOME).principal.id == entered.principal.id

    def test_stranger_does_not_lock_the_owner_out(self, door: Door) -> None:
        entered = door.enter()
        door.own.set_password(entered.principal, PASSWORD, old=None, visit=HOME)
        for _ in range(12):
            with pytest.raises((NotSignedIn, LockedOut)):
                door.sign_in.by_password(ANA.email, "wrong", visit=ELSEWHERE)

        again = door.sign_in.by_password(ANA.email, PASSWORD, visit=HOME)

        assert again.principal.id == entered.principal.id

    def test_hundred_failures_from_anywhere_lock_an_account(self, door: Door) -> None:
        for number in range(100):
            with pytest.raises(NotSignedIn):
                door.sign_in.by_password(ANA.email, "wrong", visit=Visit(f"198.51.100.{number}"))

        with pytest.raises(LockedOut):
            door.sign_in.by_password(ANA.email, "wrong", visit=HOME)

    def test_guesses_at_once_are_no_way_around(self, door: Door) -> None:
        door.enter()

        def guess(number: int) -> type[ShopError]:
            with pytest.raises(ShopError) as refusal:
                door.sign_in.by_password(ANA.email, f"guess {number}", visit=HOME)
            return refusal.type

        with ThreadPoolExecutor(4) as pool:
            refusals = list(pool.map(guess, range(12)))

        assert refusals.count(NotSignedIn) == 5
        assert refusals.count(LockedOut) == 7

    def test_many_accounts_from_one_address_are_stopped_too(self, door: Door) -> None:
        for number in range(20):
            with pytest.raises(NotSignedIn):
                door.sign_in.by_password(f"person{number}@example.com", "wrong", visit=HOME)

        with pytest.raises(LockedOut):
            door.sign_in.by_password("another@example.com", "wrong", visit=HOME)

    def test_success_forgives_the_account(self, door: Door) -> None:
        entered = door.enter()
        door.own.set_password(entered.principal, PASSWORD, old=None, visit=HOME)

        for _ in range(3):
            for _ in range(4):
                with pytest.raises(NotSignedIn):
                    door.sign_in.by_password(ANA.email, "wrong", visit=HOME)
            assert (
                door.sign_in.by_password(ANA.email, PASSWORD, visit=HOME).principal.id == entered.principal.id
            )


class TestGuest:
    def test_what_the_guest_gathered_comes_along(self, door: Door) -> None:
        entered = door.enter(visit=Visit("203.0.113.7", guest_id="gst_gus"))

        assert door.thread.moved == [("gst_gus", entered.principal.id)]

    def test_nothing_moves_for_a_wrong_code(self, door: Door) -> None:
        door.enter()

        with pytest.raises(NotSignedIn):
            door.sign_in.by_code(ANA.email, "000000", visit=Visit("203.0.113.7", guest_id="gst_gus"))

        assert door.thread.moved == []


class TestChangeOfEmail:
    NEW = "ana@new.example"

    def test_new_address_takes_over_with_its_code_and_the_former_one_hears_of_it(self, door: Door) -> None:
        elsewhere, here = door.enter(visit=ELSEWHERE), door.enter()
        door.own.send_change(here.principal, "Ana@New.example", visit=HOME)
        sent, code = door.told()[-1], door.code()
        door.clock.advance(timedelta(seconds=1))

        changed = door.own.change_email(here.principal, self.NEW, code, password=None, visit=HOME)

        told = door.told()[-1]
        opened = [
            door.shop.keys.open(here.principal.id, each["sealed_email"], context="notices.email")
            for each in (sent, told)
        ]
        assert (changed.email, changed.email_verified_at) == (self.NEW, door.clock())
        assert (opened, told["template"]) == ([self.NEW, ANA.email], "contact_changed")
        assert door.tokens.verify(here.token) == here.principal
        with pytest.raises(Unauthorized):
            door.tokens.verify(elsewhere.token)
        assert door.shop.customers.id_of(ANA.email) is None

    def test_stolen_session_that_is_not_fresh_changes_nothing(self, door: Door) -> None:
        entered = door.enter()
        door.own.set_password(entered.principal, PASSWORD, old=None, visit=HOME)
        door.clock.advance(timedelta(minutes=10))
        door.own.send_change(entered.principal, self.NEW, visit=HOME)

        for password in (None, "not the password"):
            with pytest.raises(OldPasswordNeeded):
                door.own.change_email(entered.principal, self.NEW, door.code(), password=password, visit=HOME)
        changed = door.own.change_email(
            entered.principal, self.NEW, door.code(), password=PASSWORD, visit=HOME
        )

        assert changed.email == self.NEW

    def test_address_of_somebody_else_is_neither_told_nor_taken(self, door: Door) -> None:
        ben = door.shop.customers.register(NewCustomer("Ben", "ben@example.com"))
        entered = door.enter()
        before = len(door.told())

        door.own.send_change(entered.principal, ben.email, visit=HOME)

        assert len(door.told()) == before
        with pytest.raises(WrongCode):
            door.own.change_email(entered.principal, ben.email, "000000", password=None, visit=HOME)

    def test_address_that_was_taken_meanwhile_is_refused(self, door: Door) -> None:
        entered = door.enter()
        door.own.send_change(entered.principal, self.NEW, visit=HOME)
        door.shop.customers.register(NewCustomer("Ben", self.NEW))

        with pytest.raises(AlreadyRegistered):
            door.own.change_email(entered.principal, self.NEW, door.code(), password=None, visit=HOME)

        assert door.shop.customers.find(entered.principal.id).email == ANA.email

    def test_code_to_sign_in_changes_no_address(self, door: Door) -> None:
        entered = door.enter()
        door.sign_in.register(NewCustomer("Ana", self.NEW), visit=HOME)

        with pytest.raises(WrongCode):
            door.own.change_email(entered.principal, self.NEW, door.code(), password=None, visit=HOME)


class TestVerification:
    def test_number_that_was_verified_hears_that_it_is_replaced(self, door: Door) -> None:
        customer_id = door.enter().principal.id
        door.own.change(customer_id, Details("Ana", "+1 512 555 0101"))
        unverified = door.told()[-1]["template"]
        door.own.send_verification(customer_id, Channel.PHONE, visit=HOME)
        door.own.verify(customer_id, Channel.PHONE, door.code())

        door.own.change(customer_id, Details("Ana Pérez", "+1 512 555 0101"))
        same = door.told()[-1]["template"]
        door.clock.advance(timedelta(seconds=1))
        door.own.change(customer_id, Details("Ana Pérez"))

        told = door.told()[-1]
        former = door.shop.keys.open(customer_id, told["sealed_phone"], context="notices.phone")
        assert (unverified, same) == ("verify_email", "verify_phone")
        assert (told["template"], told["channel"], former) == ("contact_changed", "text", "+15125550101")

    def test_phone_is_verified_by_its_code_and_a_new_one_has_to_be_again(self, door: Door) -> None:
        customer_id = door.enter().principal.id
        door.own.send_verification(customer_id, Channel.PHONE, visit=HOME)

        verified = door.own.verify(customer_id, Channel.PHONE, door.code())
        changed = door.shop.customers.change(customer_id, Details("Ana", "+1 512 555 0199"))

        assert door.told()[-1]["template"] == "verify_phone"
        assert verified.phone_verified_at == door.clock()
        assert changed.phone_verified_at is None

    def test_wrong_code_verifies_nothing(self, door: Door) -> None:
        customer_id = door.enter().principal.id
        door.own.send_verification(customer_id, Channel.PHONE, visit=HOME)

        with pytest.raises(WrongCode):
            door.own.verify(customer_id, Channel.PHONE, "000000")

        assert door.shop.customers.find(customer_id).phone_verified_at is None

    def test_what_is_verified_waits_for_no_code(self, door: Door) -> None:
        customer_id = door.enter().principal.id

        with pytest.raises(NothingToVerify):
            door.own.send_verification(customer_id, Channel.EMAIL, visit=HOME)
