import re
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import commerce
from api.containers.notice_kinds import NOTICE_KINDS
from commerce.notices.letters import UnusableAddress, letter
from commerce.notices.models import TEXTED, Message, Recipient, wire_name
from commerce.notices.writing import NAME, FieldsDoNotFit, Writer
from foundation.clock import Calendar
from tests.commerce.notices.conftest import SHOP
from tests.fakes import FakeClock
from tests.shop import CHICAGO

NOW = FakeClock().now
WRITER = Writer(SHOP, Calendar(CHICAGO), kinds=NOTICE_KINDS)
LETTERS = [name for name in WRITER.templates if name not in TEXTED]
COMMERCE = Path(commerce.__path__[0])
NOTICES = """
    welcome upgraded downgrade_planned downgraded cancelled reactivated membership_receipt payment_failed
    suspended membership_ended benefit_issued age_renewal raffle_confirmation raffle_winner raffle_runner_up
    raffle_cancelled order_receipt order_held order_failed refund sign_in_code verify_email verify_phone
    password_changed contact_changed promotion
""".split()
VOID = {"meta", "br"}


class Reading(HTMLParser):
    """The words a reader sees, and whether every tag is closed in its order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [str(value) for name, value in attrs if name in ("src", "background", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & {*self.open}:
            self.words += data.split()


def said(text: str) -> str:
    """Without what only one of the two has: addresses of links, colons after labels, space, marks."""
    return re.sub(r"https?://\S+|^-- $|[:\s\u2068\u2069]", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("notice", LETTERS)
class TestEveryLetter:
    def test_it_says_the_same_as_text_and_as_html(self, notice: str) -> None:
        written = WRITER.sample(notice)

        read = Reading(written.html)
        assert read.open == []
        heading = f"{SHOP.name} {written.subject}"
        assert said(heading) + said(written.text) == said(" ".join(read.words))

    def test_it_loads_nothing_and_leads_to_the_shop_alone(self, notice: str) -> None:
        html = WRITER.sample(notice).html

        assert "<img" not in html
        assert all(address.startswith(SHOP.url) for address in Reading(html).addresses)

    def test_field_that_an_event_lacks_is_named_or_its_line_left_out(self, notice: str) -> None:
        sample = WRITER.samples[notice]
        whole = {*WRITER.sample(notice).text.splitlines()}

        for left_out in sample:
            less = {name: value for name, value in sample.items() if name != left_out}
            try:
                assert {*WRITER.write(notice, less, name=NAME).text.splitlines()} <= whole
            except FieldsDoNotFit as error:
                fault = str(error)
                assert left_out in fault


def test_every_notice_of_the_shop_has_a_template_and_every_template_a_sample() -> None:
    assert {*WRITER.templates} >= {*NOTICES}
    assert {*WRITER.templates} == {*WRITER.samples}


def test_every_template_is_one_that_a_room_sends() -> None:
    modules = [path for path in COMMERCE.rglob("*.py") if "notices" not in path.parts]
    source = "".join(path.read_text() for path in modules)

    assert [name for name in WRITER.templates if f'"{name}"' not in source] == []


def test_code_by_text_message_is_one_line_without_letters_manners() -> None:
    written = WRITER.sample("verify_phone")

    assert (written.subject, written.html) == ("", "")
    assert re.fullmatch(
        r"482913 is your LivHana code to confirm this number, good until .* CST\..*", written.text
    )


@given(name=st.text(min_size=1, max_size=60), title=st.text(max_size=60))
def test_no_name_or_title_breaks_out_of_a_letter(name: str, title: str) -> None:
    fields = {**WRITER.samples["raffle_winner"], "raffle_title": f"<b>{title}", "prize": title}
    written = WRITER.write("raffle_winner", fields, name=name)
    message = Message("ntc_1", Recipient(name, "ana@example.com"), written, NOW)

    Reading(written.html)
    try:
        sent = message_from_bytes(letter(message, SHOP).as_bytes(), policy=policy.default)
    except UnusableAddress:
        return

    assert sent.keys() == [
        *("Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type")
    ]
    assert sent["To"].addresses[0].addr_spec == "ana@example.com"


@pytest.mark.parametrize("name", ["Ana María O'Brien", "Żółć, Łukasz", "محمد علي", "山田太郎", 'A "B" C'])
def test_names_of_every_script_arrive_as_they_are(name: str) -> None:
    written = WRITER.write("membership_ended", {"tier": "GOLD"}, name=name)

    composed = letter(Message("ntc_1", Recipient(name, "ana@example.com"), written, NOW), SHOP).as_bytes()

    assert composed.isascii()
    sent = message_from_bytes(composed, policy=policy.default)
    assert sent["To"].addresses[0].display_name == name
    body = sent.get_body(("plain",))
    assert body is not None
    assert name in body.get_content()


@pytest.mark.parametrize(
    "forged",
    [
        Recipient("Ana\r\nBcc: eve@example.com", "ana@example.com"),
        Recipient("Ana", "ana@example.com\nBcc: eve@example.com"),
        Recipient("Ana", "ana@example.com, eve@example.com"),
        Recipient("Ana\u2028Bcc: eve@example.com", "ana@example.com"),
    ],
)
def test_forged_header_is_refused(forged: Recipient) -> None:
    written = WRITER.sample("welcome")

    with pytest.raises(UnusableAddress):
        letter(Message("ntc_1", forged, written, NOW), SHOP)


def test_times_are_the_shops_own_on_both_sides_of_daylight_saving() -> None:
    def until(at: str) -> str:
        return " ".join(WRITER.write("sign_in_code", {"code": "1", "expires_at": at}, name=None).text.split())

    assert "8 March 2026, 1:59 AM CST" in until("2026-03-08T07:59:00+00:00")
    assert "8 March 2026, 3:00 AM CDT" in until("2026-03-08T08:00:00+00:00")


def test_no_two_messages_share_a_file() -> None:
    names = {wire_name(each) for each in ("a:b", "a-b", "a/b", "../a", "a%3Ab", "A:b")}

    assert len(names) == 6
    assert not [name for name in names if "/" in name]
