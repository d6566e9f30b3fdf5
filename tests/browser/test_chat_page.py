import re
from dataclasses import replace
from datetime import date

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from sqlalchemy import func, select

from agent.turns.tables import messages
from api.containers.container import Container
from commerce.memberships.store import memberships
from foundation.money import Money
from tests.api.conftest import ANA
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

GOLD = "make me a gold member"
SLEEP = "what do you recommend for sleep under $40?"


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def answer(page: Page, number: int = -1) -> Locator:
    """The answer of that number, once it is complete."""
    answers = page.locator(".answer")
    expect(answers.last).to_have_attribute("aria-busy", "false")
    return answers.nth(number)


def rows_of(container: Container, table: object) -> int:
    with container.infrastructure.ledger.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_question_is_answered_with_products_as_cards(ana: Page) -> None:
    say(ana, SLEEP)

    card = answer(ana).locator(".card")
    expect(card.get_by_role("heading")).to_have_text("Night Owl Gummies")
    expect(card.locator(".price")).to_have_text("$28.00")


def test_card_can_be_asked_about(ana: Page) -> None:
    say(ana, SLEEP)
    ana.get_by_role("button", name="Ask about Night Owl Gummies").click()

    expect(ana.locator(".said").last).to_have_text("Tell me more about Night Owl Gummies")
    expect(answer(ana)).to_contain_text("Night Owl Gummies")


def test_double_click_on_yes_makes_one_member(ana: Page, container: Container) -> None:
    say(ana, GOLD)
    expect(answer(ana).locator(".sentence")).to_contain_text("$197.00")

    ana.get_by_role("button", name="Yes, go ahead").dblclick()

    expect(ana.locator(".answer")).to_have_count(2)
    expect(answer(ana)).to_contain_text(re.compile("gold", re.IGNORECASE))
    expect(ana.get_by_text("You said yes.")).to_be_visible()
    assert rows_of(container, memberships) == 1


def test_no_changes_nothing(ana: Page, container: Container) -> None:
    say(ana, GOLD)

    answer(ana).get_by_role("button", name="No, leave it").click()

    expect(ana.locator(".answer")).to_have_count(2)
    expect(answer(ana)).to_have_attribute("aria-busy", "false")
    assert rows_of(container, memberships) == 0


def test_question_answered_in_words_loses_its_buttons(ana: Page, container: Container) -> None:
    say(ana, GOLD)
    expect(answer(ana).locator(".sentence")).to_be_visible()

    say(ana, "yes")

    expect(ana.locator(".answer")).to_have_count(2)
    expect(answer(ana, 0).get_by_role("button", name="Yes, go ahead")).to_be_disabled()
    assert rows_of(container, memberships) == 1


def test_reload_shows_the_conversation_with_its_open_question(ana: Page, container: Container) -> None:
    say(ana, GOLD)
    expect(answer(ana).locator(".sentence")).to_be_visible()

    ana.reload()
    answer(ana).get_by_role("button", name="Yes, go ahead").click()

    expect(ana.locator(".answer")).to_have_count(2)
    expect(answer(ana)).to_have_attribute("aria-busy", "false")
    assert rows_of(container, memberships) == 1


def test_reload_before_the_answer_takes_it_up_again(ana: Page, container: Container) -> None:
    say(ana, SLEEP)
    ana.reload()

    expect(answer(ana).locator(".card")).to_have_count(1)
    expect(ana.locator(".said")).to_have_count(1)
    assert rows_of(container, messages) == 1


def test_stream_that_breaks_is_resumed_without_a_gap(ana: Page) -> None:
    def cut(route: Route) -> None:
        response = route.fetch()
        frames = response.text().split("\n\n")
        route.fulfill(response=response, body="\n\n".join(frames[:3]) + "\n\n")

    ana.route("**/api/chat", cut)

    say(ana, SLEEP)

    expect(answer(ana).locator(".card")).to_have_count(1)
    expect(ana.locator(".trouble")).to_have_count(0)


def test_message_whose_answer_was_lost_is_sent_again_as_the_same(
    ana: Page, container: Container, complaints: list[str]
) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    ana.route("**/api/chat", lose)
    say(ana, SLEEP)
    expect(ana.get_by_text("Not sent.")).to_be_visible()

    ana.unroute("**/api/chat")
    ana.get_by_role("button", name="Try again").click()

    expect(answer(ana).locator(".card")).to_have_count(1)
    expect(ana.locator(".said")).to_have_count(1)
    assert rows_of(container, messages) == 1
    assert "net::ERR_FAILED" in complaints.pop()


def test_without_a_connection_the_page_says_so(
    ana: Page, context: BrowserContext, complaints: list[str]
) -> None:
    context.set_offline(True)
    say(ana, SLEEP)

    expect(ana.locator("#state")).to_contain_text("You are offline")
    expect(ana.get_by_text("Not sent.")).to_be_visible()

    context.set_offline(False)
    ana.get_by_role("button", name="Try again").click()
    expect(answer(ana).locator(".card")).to_have_count(1)
    expect(ana.locator("#state")).to_be_hidden()
    complaints.clear()


def test_whole_purchase_by_keyboard_alone(ana: Page, container: Container) -> None:
    keys = ana.keyboard
    keys.press("Tab")
    expect(ana.get_by_text("Skip to your message")).to_be_focused()
    keys.press("Enter")
    expect(ana.get_by_label("Your message")).to_be_focused()

    keys.type(GOLD)
    keys.press("Shift+Enter")
    keys.type("please")
    keys.press("Enter")
    expect(answer(ana).locator(".sentence")).to_be_visible()
    expect(ana.get_by_label("Your message")).to_be_focused()

    keys.press("Shift+Tab")
    expect(ana.get_by_role("button", name="No, leave it")).to_be_focused()
    keys.press("Shift+Tab")
    keys.press("Enter")
    expect(ana.locator(".answer")).to_have_count(2)
    expect(answer(ana)).to_have_attribute("aria-busy", "false")
    assert rows_of(container, memberships) == 1


def test_age_form_is_filled_in_inside_the_conversation(ben: Page, container: Container) -> None:
    say(ben, GOLD)
    form = answer(ben).get_by_role("form", name="Show that you are 21 or over")

    form.get_by_label("Full name").fill("Ben Brown")
    form.get_by_role("button", name="Verify my age").click()
    expect(form.get_by_label("Date of birth")).to_be_focused()
    form.get_by_label("Date of birth").fill(date(1988, 2, 29).isoformat())
    form.get_by_label("State of the ID").select_option("TX")
    form.get_by_label("ID number, last four").fill("4321")
    form.get_by_role("button", name="Verify my age").click()
    expect(ben.get_by_text("Thank you, your age is verified.")).to_be_visible()

    ben.get_by_role("button", name=f"Ask again: “{GOLD}”").click()
    card_form = answer(ben).get_by_role("form", name="Add a card")
    card_form.get_by_label("Visa ending 1111").check()
    card_form.get_by_role("button", name="Keep this card").click()
    ben.get_by_role("button", name=f"Ask again: “{GOLD}”").last.click()
    expect(answer(ben).locator(".sentence")).to_contain_text("1111")
    assert container.commerce.age.service.is_proven("cus_ben")


def test_age_refusal_is_told_in_words(ben: Page, complaints: list[str]) -> None:
    say(ben, GOLD)
    form = answer(ben).get_by_role("form", name="Show that you are 21 or over")

    form.get_by_label("Full name").fill("Ben Brown")
    form.get_by_label("Date of birth").fill("2010-01-01")
    form.get_by_label("State of the ID").select_option("TX")
    form.get_by_label("ID number, last four").fill("4321")
    form.get_by_role("button", name="Verify my age").click()

    expect(form.locator(".wrong:not(:empty)")).to_contain_text("21")
    expect(form.get_by_role("button", name="Verify my age")).to_be_enabled()
    complaints.clear()


def test_guest_who_wants_a_membership_is_told_to_sign_in(open_page: OpenPage, container: Container) -> None:
    page = open_page()
    expect(page.locator("#who")).to_have_text("Browsing as a guest")

    say(page, GOLD)

    expect(answer(page)).to_contain_text("sign in")
    assert rows_of(container, memberships) == 0


def test_token_leaves_the_address_and_survives_a_reload(ana: Page) -> None:
    assert "token" not in ana.url

    ana.reload()

    expect(ana.locator("#who")).to_have_text("Signed in as Ana Alvarez")


def test_new_conversation_starts_empty(ana: Page) -> None:
    say(ana, SLEEP)
    answer(ana)

    ana.get_by_role("button", name="New conversation").click()

    expect(ana.locator(".said")).to_have_count(0)
    expect(ana.get_by_role("heading", name="What are you looking for?")).to_be_visible()


def test_markup_in_words_and_products_stays_text(ana: Page, container: Container) -> None:
    evil = '<img src=x onerror="window.hacked = true">'
    product = container.commerce.inventory.find("prd_owl")
    container.commerce.inventory.put([replace(product, name=f"Night Owl {evil}", price=Money(27_00))])

    say(ana, f"something for sleep {evil}")

    expect(ana.locator(".said").last).to_contain_text("onerror")
    expect(answer(ana).locator(".card h3").filter(has_text="onerror")).to_be_visible()
    assert ana.locator("#log img").count() == 0
    assert ana.evaluate("window.hacked") is None


def test_phone_has_no_horizontal_scroll(open_page: OpenPage) -> None:
    page = open_page(ANA)
    page.set_viewport_size({"width": 360, "height": 640})

    say(page, SLEEP)
    expect(answer(page).locator(".card")).to_have_count(1)
    say(page, GOLD)
    expect(answer(page).locator(".sentence")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("document.getElementById('log').scrollWidth <= 360")
    expect(page.get_by_label("Your message")).to_be_in_viewport()


def test_controls_are_large_enough_for_a_thumb(ana: Page) -> None:
    say(ana, GOLD)

    for name in ("Yes, go ahead", "No, leave it", "Send"):
        box = ana.get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert box["height"] >= 44
