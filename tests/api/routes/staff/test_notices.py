from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from api.entrypoints.scheduler import open_scheduler
from commerce.customers.contact import Channel
from commerce.customers.models import NewCustomer
from commerce.memberships.models import Tier
from commerce.memberships.notices import MembershipEndedNotice
from commerce.notices.models import Status
from tests.api.conftest import ANA, Headers
from tests.fakes import FakeClock

pytestmark = pytest.mark.slow


def tell(container: Container, customer_id: str = ANA, event_id: str = "ntc_membership_ended_1") -> str:
    now = container.infrastructure.clock()
    notice = MembershipEndedNotice(about="mem_1", tier=Tier.GOLD, why="unpaid", ended_at=now)
    container.infrastructure.outbox.publish(notice, customer_id=customer_id, event_id=event_id)
    container.relay.deliver("notices")
    return event_id


def test_event_of_the_house_is_mailed_and_staff_see_it(
    client: TestClient, container: Container, staff: Headers
) -> None:
    notice_id = tell(container, event_id=f"ntc_membership_ended_{'x' * 60}")

    listed = client.get("/api/notices?status=sent", headers=staff).json()["data"]
    found = client.get(f"/api/notices/{notice_id}", headers=staff).json()["data"]

    assert [(each["id"], each["status"], each["content"]) for each in listed] == [(notice_id, "sent", None)]
    assert found["content"]["text"].startswith("Hello Ana Alvarez,")
    assert "ana@example.com" not in str(found)
    letter = (container.infrastructure.settings.mail.folder / f"{notice_id}.eml").read_bytes()
    assert message_from_bytes(letter, policy=policy.default)["To"] == "Ana Alvarez <ana@example.com>"


def test_dead_letter_is_sent_again_once_its_cause_is_removed(
    client: TestClient, container: Container, staff: Headers
) -> None:
    notice_id = tell(container, "cus_late")
    assert client.get("/api/notices?status=dead_letter", headers=staff).json()["data"][0]["reason"]
    container.commerce.customers.service.register(
        NewCustomer("Lea Late", "lea@example.com"), customer_id="cus_late"
    )

    sent = client.post(f"/api/notices/{notice_id}/resend", headers=staff)
    again = client.post(f"/api/notices/{notice_id}/resend", headers=staff)

    assert sent.json()["data"]["status"] == "sent"
    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")


def test_every_template_is_shown_with_a_sample(
    client: TestClient, container: Container, staff: Headers
) -> None:
    samples = client.get("/api/notices/templates", headers=staff).json()["data"]

    assert [sample["template"] for sample in samples] == container.commerce.notices.writer.templates
    assert all(sample["content"]["text"] for sample in samples)


@pytest.mark.parametrize("path", ["", "/templates", "/ntc_1"])
def test_notices_are_for_staff(client: TestClient, ana: Headers, path: str) -> None:
    assert client.get(f"/api/notices{path}", headers=ana).status_code == 403
    assert client.get(f"/api/notices{path}").status_code == 401


def test_customer_sends_nothing_again(client: TestClient, ana: Headers) -> None:
    assert client.post("/api/notices/ntc_1/resend", headers=ana).status_code == 403


def test_page_itself_shows_nothing_to_anybody(client: TestClient, container: Container) -> None:
    tell(container)

    page = client.get("/console/notices")

    assert page.status_code == 200
    assert "ntc_" not in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


class TestUnsubscribing:
    def test_link_asks_first_and_then_ends_offers(self, client: TestClient, container: Container) -> None:
        container.commerce.customers.consents.news(
            ANA, Channel.EMAIL, wanted=True, wording="2026-03", source="web"
        )
        link = container.commerce.notices.offers.link(ANA).removeprefix(
            container.infrastructure.settings.shop.url
        )

        asked = client.get(link)
        still = {
            purpose: consent.granted
            for purpose, consent in container.commerce.customers.consents.in_force(ANA).items()
        }
        done = client.post(link, data={"List-Unsubscribe": "One-Click"})

        assert "End offers" in asked.text
        assert [*still.values()] == [True]
        assert done.json()["data"] == {"wantsOffers": False}
        assert [
            consent.granted for consent in container.commerce.customers.consents.in_force(ANA).values()
        ] == [False]

    def test_forged_link_is_refused(self, client: TestClient, container: Container) -> None:
        link = (
            container.commerce.notices.offers.link("cus_ben")
            .removeprefix(container.infrastructure.settings.shop.url)
            .replace("cus_ben", ANA)
        )

        assert client.get(link).status_code == client.post(link).status_code == 403


def test_waiting_notice_is_measured_and_the_scheduler_sends_it(
    client: TestClient, container: Container, clock: FakeClock
) -> None:
    scheduler = open_scheduler(container)
    scheduler.sweep()
    outbox = container.infrastructure.settings.mail.folder
    outbox.parent.mkdir(parents=True, exist_ok=True)
    outbox.write_text("no folder")
    tell(container)
    clock.advance(timedelta(minutes=6))
    measured = client.get("/metrics").text
    ready = client.get("/healthz").json()["data"]["parts"]["notices"]
    outbox.unlink()

    scheduler.sweep()

    assert 'livhana_notices{status="waiting"} 1.0' in measured
    assert "livhana_notices_waiting_seconds 360.0" in measured
    assert ready == {"status": "degraded", "says": "1 wait to be sent, 0 are dead letters"}
    assert container.commerce.notices.service.tally().counts[Status.SENT] == 1
