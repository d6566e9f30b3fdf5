import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.containers.container import Container
from foundation.outbox import OUTBOX
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


@pytest.fixture
def guest(open_page: OpenPage) -> Page:
    """A guest who asked for what needs an account."""
    page = open_page()
    page.get_by_label("Your message").fill("what's my membership status?")
    page.keyboard.press("Enter")
    expect(page.locator("form.panel")).to_be_visible()
    return page


def code_of(container: Container) -> str:
    wanted = select(OUTBOX).where(OUTBOX.c.topic == "notices").order_by(OUTBOX.c.at.desc())
    with container.infrastructure.ledger.transaction() as tx:
        latest = tx.execute(wanted).first()
    assert latest is not None
    return container.infrastructure.keys.data.open(
        latest.customer_id, latest.payload["sealed_code"], context="notices.code"
    )


def test_guest_opens_an_account_in_the_chat_and_goes_on(guest: Page, container: Container) -> None:
    guest.get_by_label("E-mail address").fill("dana@example.com")
    guest.get_by_label("Your name, if you are new").fill("Dana D'Arc")
    guest.get_by_role("button", name="Send me a code").click()
    expect(guest.get_by_role("textbox", name="Code")).to_be_focused()
    guest.get_by_role("textbox", name="Code").fill(code_of(container))
    guest.get_by_role("button", name="Sign in").click()

    expect(guest.locator("#who")).to_have_text("Signed in as Dana D'Arc")
    guest.get_by_role("button", name=re.compile("Ask again")).click()
    expect(guest.locator(".answer").last).to_contain_text(re.compile("no active membership", re.IGNORECASE))


def test_wrong_code_is_said_beside_the_field(guest: Page, complaints: list[str]) -> None:
    guest.get_by_label("E-mail address").fill("ana@example.com")
    guest.get_by_role("button", name="Send me a code").click()
    guest.get_by_role("textbox", name="Code").fill("000000")
    guest.get_by_role("button", name="Sign in").click()

    expect(guest.get_by_role("alert").filter(has_text="do not match")).to_be_visible()
    expect(guest.locator("#who")).to_have_text("Browsing as a guest")
    complaints[:] = [each for each in complaints if "401" not in each]
