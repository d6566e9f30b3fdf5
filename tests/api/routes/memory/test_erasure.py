from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from api.containers.container import Container
from api.containers.subscribers import build_subscribers
from commerce.payments.models import PaymentStatus
from commerce.payments.sandbox_store import sandbox_plans
from commerce.payments.store import payments
from foundation.auth import Role
from foundation.holdings import Traces
from foundation.outbox import DELIVERIES
from memory.conversations.models import Interaction
from memory.erasure.models import Trail
from tests.api.conftest import ANA, Headers, SignIn
from tests.fakes import FakeClock
from tests.shop import ADULT

BEES = "my grandmother Eulalia kept bees on the roof in Laredo"
STREET = {"line1": "12 Bee Street", "city": "Laredo", "state": "TX", "postalCode": "78040"}
SAID = (BEES, "make me a gold member", "yes", "2 tickets for the Spring Raffle please", "yes", "thanks")

pytestmark = pytest.mark.slow


def _say(client: TestClient, headers: Headers, text: str) -> dict[str, Any]:
    reply = client.post("/api/chat", json={"message": text, "thread_id": "thr_ana"}, headers=headers)
    assert reply.status_code == 200, reply.text
    data: dict[str, Any] = reply.json()["data"]
    return data


@pytest.fixture
def known(client: TestClient, ana: Headers, container: Container, clock: FakeClock) -> Headers:
    """Ana has talked, joined, played, ordered and left her address, and every event has arrived."""
    container.infrastructure.warehouse.ensure()
    for text in SAID:
        _say(client, ana, text)
    _say(client, ana, "please remember that mint gives me a headache")
    address = {"recipient": "Ana Alvarez", **STREET}
    assert client.post("/api/customers/me/addresses", json=address, headers=ana).status_code < 300
    _order(client, ana, key="order-of-ana")
    clock.advance(timedelta(minutes=1))
    _deliver(container)
    container.commerce.notices.service.send_due()
    return ana


def _order(client: TestClient, headers: Headers, *, key: str) -> None:
    order = {"items": [{"productId": "prd_owl", "quantity": 1}], "state": "TX"}
    answer = client.post("/api/checkout", json=order, headers={**headers, "Idempotency-Key": key})
    assert answer.status_code < 300, answer.text


def _deliver(container: Container) -> None:
    for each in build_subscribers(container.infrastructure, container.commerce, container.memory):
        while container.relay.deliver(each.subscription.name):
            pass


def _forget(client: TestClient, headers: Headers) -> dict[str, Any]:
    answer = client.delete(f"/api/memory/forget/{ANA}", headers=headers)
    assert answer.status_code in (200, 202), answer.text
    data: dict[str, Any] = answer.json()["data"]
    return {**data, "http": answer.status_code}


class TestForget:
    def test_no_store_knows_the_customer_any_more(
        self, client: TestClient, known: Headers, container: Container
    ) -> None:
        receipt = _forget(client, known)

        assert (receipt["http"], receipt["status"], receipt["left"]) == (200, "erased", [])
        assert receipt["erased"]["ledger.interactions"] == len(SAID) + 1
        assert {"cache", "letters", "warehouse"} <= {
            name for name, count in receipt["erased"].items() if count
        }
        trail = Trail(Traces(ANA, ("ana@example.com",), ("Ana Alvarez", BEES)))
        assert container.memory.erasure.service.search(trail) == []

    def test_search_would_have_found_her(self, known: Headers, container: Container) -> None:  # noqa: ARG002
        found = container.memory.erasure.service.search(Trail(Traces(ANA, ("ana@example.com",), (BEES,))))

        places = {(each.store, each.place) for each in found}
        assert {("ledger", "interactions"), ("ledger", "messages"), ("ledger", "journal")} <= places
        assert ("warehouse", "customer_memory.interactions") in places
        assert {"letters", "vectors"} <= {store for store, _ in places}

    def test_plan_is_stopped_and_the_books_stay(
        self, client: TestClient, known: Headers, container: Container
    ) -> None:
        _forget(client, known)

        with container.infrastructure.ledger.transaction() as connection:
            plans = connection.execute(select(sandbox_plans.c.status)).scalars().all()
            taken = connection.execute(select(func.count()).select_from(payments)).scalar_one()
        assert plans == ["canceled"]
        assert taken == 3
        assert container.commerce.payments.service.cards.of_customer(ANA) == []

    def test_others_stay_as_they_are(self, client: TestClient, known: Headers, container: Container) -> None:
        said = ("hello, what helps me sleep?", "Night Owl Gummies.")
        container.memory.engine.learn(
            Interaction("trn_ben", "cus_ben", "thr_ben", "chat", container.infrastructure.clock(), *said)
        )
        before = container.memory.erasure.personal_rows.export("cus_ben")

        _forget(client, known)

        assert container.memory.erasure.personal_rows.export("cus_ben") == before
        assert container.memory.engine.profile("cus_ben").interactions == 1

    def test_gateways_own_books_are_no_residue(
        self, client: TestClient, ben: Headers, container: Container
    ) -> None:
        container.infrastructure.warehouse.ensure()
        container.commerce.age.service.verify("cus_ben", ADULT)
        container.commerce.payments.service.cards.add("cus_ben", nonce="tok_approve.cus_ben")
        _order(client, ben, key="order-of-ben")

        receipt = client.delete("/api/memory/forget/cus_ben", headers=ben).json()["data"]

        assert (receipt["status"], receipt["left"]) == ("erased", [])

    def test_asked_twice_it_is_one_erasure(self, client: TestClient, known: Headers) -> None:
        first, second = _forget(client, known), _forget(client, known)

        assert first == second

    def test_two_who_ask_at_once_get_the_same_erasure(self, known: Headers, container: Container) -> None:  # noqa: ARG002
        both = Barrier(2)

        def ask(_: int) -> str:
            both.wait()
            return container.memory.erasure.service.ask(ANA, by=ANA).id

        with ThreadPoolExecutor(2) as pool:
            assert len(set(pool.map(ask, range(2)))) == 1

    @pytest.mark.parametrize("who", ["cus_nobody", "stf_sam"])
    def test_only_customers_are_forgotten(self, client: TestClient, sign_in: SignIn, who: str) -> None:
        headers = sign_in("adm_ada", role=Role.ADMIN)

        assert client.delete(f"/api/memory/forget/{who}", headers=headers).status_code == 404

    def test_what_is_under_way_is_settled_first(
        self, client: TestClient, known: Headers, container: Container
    ) -> None:
        with container.infrastructure.ledger.transaction() as connection:
            connection.execute(update(payments).values(status=PaymentStatus.HELD))
        waiting = _forget(client, known)
        with container.infrastructure.ledger.transaction() as connection:
            connection.execute(update(payments).values(status=PaymentStatus.APPROVED))

        assert container.memory.erasure.service.sweep() == 1

        assert (waiting["http"], waiting["status"]) == (202, "asked")
        shown = client.get(f"/api/memory/erasures/{waiting['erasureId']}").json()["data"]
        assert (shown["status"], shown["left"]) == ("erased", [])

    def test_undelivered_events_tell_nothing_later(
        self, client: TestClient, known: Headers, container: Container, clock: FakeClock
    ) -> None:
        _say(client, known, "I like the smell of rain on dry ground")
        _order(client, known, key="another-order")
        receipt = _forget(client, known)

        clock.advance(timedelta(minutes=1))
        _deliver(container)

        assert receipt["left"] == []
        assert (
            container.memory.erasure.service.search(Trail(Traces(ANA, ("ana@example.com",), (BEES,)))) == []
        )
        with container.infrastructure.ledger.transaction() as connection:
            waiting = select(func.count()).where(DELIVERIES.c.delivered_at.is_(None))
            assert connection.execute(waiting).scalar_one() == 0
        (paid,) = container.infrastructure.warehouse.query(
            "SELECT count(DISTINCT id) AS payments FROM commerce.payments"
        )
        assert paid["payments"] == 4

    @pytest.mark.parametrize("who", ["ben", "staff", "guest"])
    def test_nobody_else_may(self, client: TestClient, who: str, request: pytest.FixtureRequest) -> None:
        headers = request.getfixturevalue(who)

        assert client.delete(f"/api/memory/forget/{ANA}", headers=headers).status_code == 403

    def test_admin_may(self, client: TestClient, known: Headers, sign_in: SignIn) -> None:  # noqa: ARG002
        assert _forget(client, sign_in("adm_ada", role=Role.ADMIN))["status"] == "erased"


class TestReceipt:
    def test_changed_receipt_is_not_ours(
        self, client: TestClient, known: Headers, container: Container
    ) -> None:
        _forget(client, known)
        receipt = container.memory.erasure.service.receipt(container.memory.erasure.service.ask(ANA, by=ANA))

        assert container.memory.erasure.service.is_ours(receipt)
        assert not container.memory.erasure.service.is_ours({**receipt, "customer_id": "cus_ben"})

    def test_unknown_erasure_is_not_found(self, client: TestClient) -> None:
        assert client.get("/api/memory/erasures/era_nothing").status_code == 404


class TestExport:
    def test_it_holds_what_we_know_opened(self, client: TestClient, known: Headers) -> None:
        held = client.get(f"/api/memory/export/{ANA}", headers=known).json()["data"]

        assert held["customers"][0]["name"] == "Ana Alvarez"
        assert held["customers"][0]["email"] == "ana@example.com"
        assert any(row["message"] == BEES for row in held["interactions"])
        assert held["payments"][0]["amount"]["currency"] == "USD"
        assert {"orders", "payments", "memberships", "facts", "messages", "notices"} <= set(held)
        assert "token" not in held["cards"][0]

    def test_it_is_the_customers_own(self, client: TestClient, ben: Headers) -> None:
        assert client.get(f"/api/memory/export/{ANA}", headers=ben).status_code == 403
