import pytest
from playwright.sync_api import BrowserContext, Page, expect

from api.containers.container import Container
from commerce.customers.contact import Channel
from commerce.customers.models import NewCustomer
from commerce.memberships.models import Tier
from commerce.memberships.notices import MembershipEndedNotice
from foundation.auth import Principal, Role
from tests.api.conftest import ANA

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(shop: str, container: Container, context: BrowserContext) -> Page:
    page = context.new_page()
    token = container.infrastructure.tokens.issue(Principal("stf_sam", Role.STAFF))
    page.goto(f"{shop}/console/notices#token={token}")
    return page


def tell(container: Container, customer_id: str, event_id: str) -> None:
    now = container.infrastructure.clock()
    notice = MembershipEndedNotice(about="mem_1", tier=Tier.GOLD, why="unpaid", ended_at=now)
    container.infrastructure.outbox.publish(notice, customer_id=customer_id, event_id=event_id)
    container.relay.deliver("notices")


def test_each_template_is_shown_as_html_and_as_text(desk: Page, container: Container) -> None:
    expect(desk.locator(".pile button")).to_have_count(len(container.commerce.notices.writer.templates))

    desk.get_by_role("button", name="order receipt").press("Enter")

    expect(desk.locator(".letter h1")).to_have_text("Receipt for your order: $69.92")
    expect(desk.locator("pre")).to_contain_text("Night Owl Gummies: $56.00")
    sheet = desk.frame_locator("iframe").locator(".sheet")
    expect(sheet).to_contain_text("Night Owl Gummies")
    expect(sheet).to_have_css("border-radius", "14px")


def test_dead_letter_is_sent_again_by_a_press_of_the_button(desk: Page, container: Container) -> None:
    tell(container, "cus_late", "ntc_late")
    desk.get_by_role("radio", name="dead letter").check(force=True)
    expect(desk.locator(".facts")).to_contain_text("there is no such customer")
    container.commerce.customers.service.register(
        NewCustomer("<b>Lea</b> Late", "lea@example.com"), customer_id="cus_late"
    )

    desk.get_by_role("button", name="Send again").click()

    expect(desk.locator(".facts")).to_contain_text("sent")
    expect(desk.locator("pre")).to_contain_text("Hello <b>Lea</b> Late,")
    expect(desk.frame_locator("iframe").locator("bdi")).to_have_text("<b>Lea</b> Late")


def test_stranger_sees_an_empty_desk(shop: str, container: Container, context: BrowserContext) -> None:
    tell(container, ANA, "ntc_ana")
    page = context.new_page()

    page.goto(f"{shop}/console/notices")

    expect(page.locator("#state")).to_have_text("This page is for staff. Please open it with your own link.")
    expect(page.locator(".pile button")).to_have_count(0)


def test_customer_ends_offers_from_the_letter(
    shop: str, container: Container, context: BrowserContext
) -> None:
    container.commerce.customers.consents.news(
        ANA, Channel.EMAIL, wanted=True, wording="2026-03", source="web"
    )
    page = context.new_page()
    page.goto(
        container.commerce.notices.offers.link(ANA).replace(container.infrastructure.settings.shop.url, shop)
    )

    page.get_by_role("button", name="End offers").click()

    expect(page.locator("#said")).to_contain_text("no more offers")
    expect(page.get_by_role("button")).to_have_count(0)
    assert [consent.granted for consent in container.commerce.customers.consents.in_force(ANA).values()] == [
        False
    ]


def test_desk_fits_a_phone(desk: Page) -> None:
    desk.set_viewport_size({"width": 360, "height": 700})
    expect(desk.locator("iframe")).to_be_visible()

    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
