import re
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import text, update

from commerce.customers.contact import Channel
from commerce.customers.events import SignInCodeNotice, VerifyEmailNotice, VerifyPhoneNotice
from commerce.customers.models import NewCustomer
from commerce.memberships.models import Tier
from commerce.memberships.notices import MembershipEndedNotice, PromotionNotice
from commerce.notices.models import MASK, PAUSES, NoticeEvent, Recipient, Status, Unsendable
from commerce.notices.offers import NotOurLink
from commerce.notices.ports import CarrierSilent
from commerce.notices.service import A_TRY_TAKES, KEPT, NoSuchNotice, NotADeadLetter
from foundation.outbox import OUTBOX, Event
from tests.commerce.notices.conftest import Crash, Desk

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDED = MembershipEndedNotice(about="mem_1", tier=Tier.GOLD, why="unpaid", ended_at=NOON)
OFFER = PromotionNotice(
    about="pro_1",
    title="Ten percent off",
    percent=10,
    off_cents=None,
    category="edible",
    starts_at=datetime(2026, 3, 2, 6, tzinfo=UTC),
    ends_at=datetime(2026, 3, 9, 5, tzinfo=UTC),
)


def silent() -> None:
    raise CarrierSilent("timed out")


def refusing() -> None:
    raise Unsendable("the address refuses")


def broken() -> None:
    raise ZeroDivisionError


def crash() -> None:
    raise Crash


def status(desk: Desk, notice_id: str) -> Status:
    return desk.notices.find(notice_id).status


class TestSending:
    def test_event_becomes_one_letter_to_the_customer(self, desk: Desk, ana: str) -> None:
        notice_id = desk.tell(ana)

        assert desk.files() == [f"{notice_id}.eml"]
        letter = message_from_bytes((desk.folder / f"{notice_id}.eml").read_bytes(), policy=policy.default)
        assert letter["To"] == "Ana Test <ana@example.com>"
        assert letter["Subject"] == "Your membership ends on 1 April 2026"
        assert letter["Message-ID"] == f"<{notice_id}@livhana.example>"
        found = desk.notices.find(notice_id)
        assert (found.status, found.sent_at) == (Status.SENT, desk.shop.clock())
        assert desk.notices.written(found) == desk.mailer.sent[0].written

    def test_event_that_comes_again_is_sent_once(self, desk: Desk, ana: str) -> None:
        notice_id = desk.tell(ana)
        desk.tell(ana)
        event = Event[NoticeEvent](notice_id, "notices", ana, ENDED, desk.shop.clock())

        desk.another().send([event])

        assert len(desk.mailer.sent) == 1

    def test_many_at_once_send_it_once(self, desk: Desk, ana: str) -> None:
        notice_id = desk.publish(ana)
        event = Event[NoticeEvent](notice_id, "notices", ana, ENDED, desk.shop.clock())
        relays = [desk.another() for _ in range(6)]
        together = threading.Barrier(len(relays))

        def deliver(number: int) -> None:
            together.wait()
            relays[number].send([event])
            relays[number].send_due()

        threads = [threading.Thread(target=deliver, args=(number,)) for number in range(len(relays))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(desk.mailer.sent) == 1
        assert status(desk, notice_id) is Status.SENT

    def test_code_goes_to_the_phone_that_is_to_be_verified(self, desk: Desk, ana: str) -> None:
        desk.shop.clock.advance(timedelta(hours=1))
        until = desk.shop.clock() + timedelta(minutes=10)
        notice = VerifyPhoneNotice(
            about="otc_1",
            sealed_code=desk.shop.keys.seal(ana, "482913", context="notices.code"),
            sealed_phone=desk.shop.keys.seal(ana, "+15125550100", context="notices.phone"),
            expires_at=until,
        )

        notice_id = desk.tell(ana, notice)

        told = (desk.folder / f"{notice_id}.txt").read_text()
        assert told.startswith("To: +15125550100\n\n482913 is your LivHana code")
        kept = desk.notices.written(desk.notices.find(notice_id))
        assert kept is not None
        assert "482913" not in kept.text
        assert MASK in kept.text

    def test_nothing_personal_is_stored_in_clear(self, desk: Desk, ana: str) -> None:
        sealed = desk.shop.keys.seal(ana, "482913", context="notices.code")
        desk.tell(
            ana, SignInCodeNotice(about="otc_1", sealed_code=sealed, expires_at=NOON + timedelta(hours=1))
        )

        with desk.shop.ledger.transaction() as connection:
            row = connection.execute(text("SELECT to_jsonb(notices)::text FROM notices")).scalar_one()
        assert "sign_in_code" in row
        assert not re.search(r"\b(Ana|example\.com|482913)\b", row)


class TestCrashes:
    def test_crash_after_sending_sends_no_second_letter(self, desk: Desk, ana: str) -> None:
        desk.mailer.after = crash
        with pytest.raises(Crash):
            desk.tell(ana)
        desk.mailer.after = lambda: None

        desk.tell(ana)
        desk.notices.send_due()
        assert status(desk, "ntc_cancelled_1") is Status.WAITING
        desk.shop.clock.advance(A_TRY_TAKES)
        desk.notices.send_due()

        assert status(desk, "ntc_cancelled_1") is Status.SENT
        assert len(desk.mailer.sent) == len(desk.files()) == 1

    def test_crash_before_sending_delays_it(self, desk: Desk, ana: str) -> None:
        desk.mailer.before = crash
        with pytest.raises(Crash):
            desk.tell(ana)
        desk.mailer.before = lambda: None

        desk.shop.clock.advance(A_TRY_TAKES)

        assert desk.notices.send_due() == 1
        assert len(desk.files()) == 1


class TestTryingAgain:
    def test_silent_carrier_is_asked_again_until_it_is_a_dead_letter(self, desk: Desk, ana: str) -> None:
        desk.mailer.before = silent
        notice_id = desk.tell(ana)

        for pause in PAUSES:
            assert status(desk, notice_id) is Status.WAITING
            desk.shop.clock.advance(pause - timedelta(seconds=1))
            assert desk.notices.send_due() == 0
            desk.shop.clock.advance(timedelta(seconds=1))
            assert desk.notices.send_due() == 1

        given_up = desk.notices.find(notice_id)
        assert (given_up.status, given_up.reason) == (Status.DEAD_LETTER, "no answer: timed out")
        assert given_up.attempts == len(PAUSES) + 1

    def test_dead_letter_is_sent_when_a_person_asks_for_it(self, desk: Desk, ana: str) -> None:
        desk.mailer.before = refusing
        notice_id = desk.tell(ana)
        assert desk.notices.find(notice_id).reason == "the address refuses"
        desk.mailer.before = lambda: None

        sent = desk.notices.resend(notice_id)

        assert sent.status is Status.SENT
        with pytest.raises(NotADeadLetter):
            desk.notices.resend(notice_id)
        with pytest.raises(NoSuchNotice):
            desk.notices.resend("ntc_none")

    def test_fault_in_one_notice_keeps_no_other_waiting(self, desk: Desk, ana: str) -> None:
        desk.mailer.before = broken
        first = desk.tell(ana)
        desk.mailer.before = lambda: None

        second = desk.tell(ana, ENDED)

        assert (status(desk, first), status(desk, second)) == (Status.WAITING, Status.SENT)
        assert desk.notices.find(first).reason == "ZeroDivisionError"


class TestMalformed:
    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            ({"template": "none", "about": "mem_1"}, "No type is registered for this 'template'"),
            (
                {"template": "cancelled", "about": "mem_1", "tier": "GOLD"},
                "cancelled.ends_at: Field required",
            ),
        ],
    )
    def test_event_that_fits_no_notice_is_dead_lettered(
        self, desk: Desk, ana: str, payload: dict[str, str], reason: str
    ) -> None:
        event_id = desk.publish(ana)
        with desk.shop.ledger.transaction() as connection:
            connection.execute(update(OUTBOX).values(payload=payload))

        desk.relay.deliver("notices")

        [letter] = desk.outbox.dead_letters()
        assert (letter.event_id, desk.files()) == (event_id, [])
        assert reason in letter.reason


class TestDeadLetters:
    def test_notice_to_an_unknown_customer_is_a_dead_letter(self, desk: Desk) -> None:
        assert desk.notices.find(desk.tell("cus_none")).reason == "there is no such customer"

    def test_notice_to_an_erased_customer_is_a_dead_letter(self, desk: Desk, ana: str) -> None:
        sent = desk.tell(ana)
        desk.shop.keys.shred(ana)

        notice_id = desk.tell(ana, ENDED)

        assert desk.notices.find(notice_id).reason == "the customer has been erased"
        assert desk.notices.written(desk.notices.find(sent)) is None

    @pytest.mark.parametrize(
        ("name", "fields", "reason"),
        [
            ("none", {}, "there is no template 'none'"),
            ("cancelled", {"tier": "GOLD"}, "'ends_at' is undefined"),
            (
                "cancelled",
                {"tier": "GOLD", "ends_at": "soon"},
                "Invalid isoformat",
            ),
            ("cancelled", {"tier": "GOLD", "ends_at": None, "channel": "text"}, "no phone number"),
        ],
    )
    def test_row_that_makes_no_message_is_a_dead_letter_with_the_reason(
        self, desk: Desk, ana: str, name: str, fields: dict[str, object], reason: str
    ) -> None:
        channel = Channel.TEXT if "channel" in fields else Channel.EMAIL

        found = desk.notices.find(desk.keep(ana, name, fields, channel=channel))

        assert found.status is Status.DEAD_LETTER
        assert reason in str(found.reason)

    def test_code_is_not_sent_when_it_is_good_no_longer(self, desk: Desk, ana: str) -> None:
        sealed = desk.shop.keys.seal(ana, "482913", context="notices.code")

        notice_id = desk.tell(ana, SignInCodeNotice(about="otc_1", sealed_code=sealed, expires_at=NOON))

        assert desk.notices.find(notice_id).reason == "what it says holds no longer"
        assert desk.files() == []


class TestOffers:
    def test_offer_is_withheld_from_who_did_not_ask_for_offers(self, desk: Desk, ana: str) -> None:
        assert status(desk, desk.tell(ana, OFFER)) is Status.WITHHELD
        assert desk.files() == []

    def test_offer_says_how_to_end_offers_and_the_link_ends_them(self, desk: Desk, ana: str) -> None:
        desk.consents.news(ana, Channel.EMAIL, wanted=True, wording="2026-03", source="web")

        notice_id = desk.tell(ana, OFFER)

        letter = message_from_bytes((desk.folder / f"{notice_id}.eml").read_bytes(), policy=policy.default)
        assert letter["List-Unsubscribe"] == f"<{desk.offers.link(ana)}>"
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        desk.offers.end(ana, desk.offers.link(ana).rpartition("=")[2])
        assert status(desk, desk.tell(ana, OFFER, number=2)) is Status.WITHHELD

    def test_link_of_another_customer_ends_nothing(self, desk: Desk, ana: str) -> None:
        ben = desk.shop.customers.register(NewCustomer("Ben", "ben@example.com")).id
        desk.consents.news(ana, Channel.EMAIL, wanted=True, wording="2026-03", source="web")

        with pytest.raises(NotOurLink):
            desk.offers.end(ana, desk.offers.link(ben).rpartition("=")[2])


def test_tally_counts_every_state_and_knows_how_long_the_oldest_waits(desk: Desk, ana: str) -> None:
    desk.tell(ana, ENDED)
    desk.mailer.before = silent
    desk.tell(ana)
    desk.shop.clock.advance(timedelta(minutes=3))

    tally = desk.notices.tally()

    assert tally.counts == {Status.WAITING: 1, Status.SENT: 1, Status.DEAD_LETTER: 0, Status.WITHHELD: 0}
    assert tally.waiting_for(desk.shop.clock()) == timedelta(minutes=3)


class TestKeeping:
    def test_letters_are_for_their_owner_alone(self, desk: Desk, ana: str) -> None:
        notice_id = desk.tell(ana)

        modes = [path.stat().st_mode & 0o777 for path in (desk.folder, desk.folder / f"{notice_id}.eml")]

        assert modes == [0o700, 0o600]

    def test_after_three_months_rows_and_files_are_gone(self, desk: Desk, ana: str) -> None:
        old = desk.tell(ana)
        desk.mailer.before = silent
        waiting = desk.tell(ana, ENDED)
        desk.mailer.before = lambda: None
        desk.shop.clock.advance(KEPT + timedelta(seconds=1))
        recent = desk.tell(ana, ENDED, number=2)

        pruned = desk.notices.prune()

        assert (pruned, desk.files()) == (1, [f"{recent}.eml"])
        assert status(desk, waiting) is Status.WAITING
        with pytest.raises(NoSuchNotice):
            desk.notices.find(old)

    def test_address_that_is_to_be_verified_is_told_no_name(self, desk: Desk, ana: str) -> None:
        notice = VerifyEmailNotice(
            about="otc_1",
            sealed_code=desk.shop.keys.seal(ana, "482913", context="notices.code"),
            sealed_email=desk.shop.keys.seal(ana, "stranger@example.com", context="notices.email"),
            expires_at=NOON + timedelta(hours=1),
        )

        desk.tell(ana, notice)

        [sent] = desk.mailer.sent
        assert sent.recipient == Recipient(None, "stranger@example.com")
        assert "Ana" not in sent.written.text + sent.written.html
