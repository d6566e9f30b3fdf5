from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from commerce.payments.models import PaymentHeld
from foundation.auth import Role, StaffRole
from foundation.money import Money
from tests.api.conftest import ANA, BEN, STAFF, Headers, SignIn, usd
from tests.fakes import FakeClock


def test_card_is_kept_by_its_last_four(client: TestClient, container: Container, ben: Headers) -> None:
    added = client.post("/api/payments/profiles", json={"nonce": "tok_approve"}, headers=ben)

    [card] = container.commerce.payments.service.cards.of_customer(BEN)
    assert added.status_code == 201
    assert added.json()["data"] == {"id": card.id, "brand": "Visa", "lastFour": "1111", "isDefault": True}
    assert "tok_approve" not in added.text


def test_card_number_is_refused_and_not_repeated(
    client: TestClient, container: Container, ben: Headers
) -> None:
    answer = client.post("/api/payments/profiles", json={"nonce": "4111 1111 1111 1111"}, headers=ben)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "nonce"
    assert "4111" not in answer.text
    assert container.commerce.payments.service.cards.of_customer(BEN) == []


def test_useless_nonce_is_refused(client: TestClient, ben: Headers) -> None:
    answer = client.post("/api/payments/profiles", json={"nonce": "tok_invented"}, headers=ben)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")


def test_guest_has_no_cards(client: TestClient, guest: Headers) -> None:
    assert (
        client.post("/api/payments/profiles", json={"nonce": "tok_approve"}, headers=guest).status_code == 403
    )


def test_card_becomes_the_callers_default(client: TestClient, container: Container, ana: Headers) -> None:
    client.post("/api/payments/profiles", json={"nonce": "tok_hold"}, headers=ana)

    assert container.commerce.payments.service.cards.default(ANA).last_four == "0005"


def pay(container: Container, *, key: str = "k1") -> str:
    payment = container.commerce.payments.service.charges.charge(
        ANA, amount=Money(47_00), description="Bronze membership", key=key
    )
    container.commerce.payments.service.charges.mark_delivered(payment)
    return payment.id


@pytest.fixture
def held(container: Container) -> str:
    container.commerce.payments.service.cards.add(BEN, nonce="tok_hold")
    with pytest.raises(PaymentHeld):
        container.commerce.payments.service.charges.charge(
            BEN, amount=Money(5_00), description="tickets", key="h1"
        )
    return container.commerce.payments.service.held.waiting()[0].id


class TestCards:
    def test_cards_are_listed_and_removed(self, client: TestClient, ana: Headers) -> None:
        client.post("/api/payments/profiles", json={"nonce": "tok_hold"}, headers=ana)
        first = client.get("/api/payments/profiles", headers=ana).json()["data"][0]["id"]

        left = client.delete(f"/api/payments/profiles/{first}", headers=ana)

        assert [card["lastFour"] for card in left.json()["data"]] == ["0005"]

    def test_card_of_another_is_not_found(
        self, client: TestClient, container: Container, ben: Headers
    ) -> None:
        card = container.commerce.payments.service.cards.default(ANA)

        assert client.delete(f"/api/payments/profiles/{card.id}", headers=ben).status_code == 404


class TestPayments:
    def test_customer_sees_their_own_and_nobody_elses(
        self, client: TestClient, container: Container, ana: Headers, ben: Headers
    ) -> None:
        payment_id = pay(container)

        listed = client.get("/api/payments", headers=ana).json()["data"]
        of_ben = client.get("/api/payments", headers=ben).json()["data"]
        shown = [client.get(f"/api/payments/{payment_id}", headers=each).status_code for each in (ana, ben)]

        assert [each["id"] for each in listed] == [payment_id]
        assert (of_ben, shown) == ([], [200, 403])

    def test_manager_refunds_a_part_once_for_their_key(
        self, client: TestClient, container: Container, clock: FakeClock, sign_in: SignIn
    ) -> None:
        payment_id = pay(container)
        clock.advance(timedelta(days=1))
        staff = sign_in(STAFF, role=Role.STAFF)
        wanted, headers = (
            {"amount": usd("12.50"), "reason": "broken"},
            {**staff, "Idempotency-Key": "refund-01"},
        )

        answers = [
            client.post(f"/api/payments/{payment_id}/refund", json=wanted, headers=headers) for _ in range(2)
        ]

        assert [each.json()["data"]["amount"] for each in answers] == [usd("12.50")] * 2
        shown = client.get(f"/api/payments/{payment_id}", headers=staff).json()["data"]
        assert (shown["payment"]["refunded"], len(shown["refunds"])) == (usd("12.50"), 1)

    def test_more_than_is_left_is_refused(
        self, client: TestClient, container: Container, staff: Headers
    ) -> None:
        wanted, headers = (
            {"amount": usd("47.01"), "reason": "broken"},
            {**staff, "Idempotency-Key": "refund-01"},
        )

        answer = client.post(f"/api/payments/{pay(container)}/refund", json=wanted, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")

    def test_customer_and_support_refund_nothing(
        self, client: TestClient, container: Container, ana: Headers, sign_in: SignIn
    ) -> None:
        payment_id = pay(container)
        support = sign_in("stf_sue", role=Role.STAFF, staff_role=StaffRole.SUPPORT)

        refused = [
            client.post(
                f"/api/payments/{payment_id}/refund",
                json={"reason": "please"},
                headers={**each, "Idempotency-Key": "refund-01"},
            ).status_code
            for each in (ana, support)
        ]

        assert refused == [403, 403]

    def test_compliance_decides_what_is_held(
        self, client: TestClient, container: Container, held: str, ana: Headers, sign_in: SignIn
    ) -> None:
        compliance = sign_in("stf_cas", role=Role.STAFF, staff_role=StaffRole.COMPLIANCE)

        waiting = client.get("/api/payments/held", headers=compliance).json()["data"]
        by_customer = client.post(f"/api/payments/{held}/decision", json={"accept": True}, headers=ana)
        decided = client.post(f"/api/payments/{held}/decision", json={"accept": True}, headers=compliance)

        assert [each["id"] for each in waiting] == [held]
        assert (by_customer.status_code, decided.json()["data"]["status"]) == (403, "approved")
        assert container.commerce.payments.service.held.waiting() == []
