from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.containers.container import Container
from api.containers.overrides import CommerceOverrides, Overrides
from commerce.fraud.store import fraud_attempts
from commerce.raffles.draw.bundle import WAIT, Bundle
from commerce.raffles.draw.verification import verify
from demo.beacon import OwnBeacon
from demo.fakes.drand import FakeNetwork
from tests.api.conftest import Headers, usd
from tests.fakes import FakeClock

KEY = {"Idempotency-Key": "two-tickets-please"}
TICKETS = "/api/raffles/rfl_spring/tickets"

pytestmark = pytest.mark.slow


def test_open_raffles_are_told(client: TestClient, guest: Headers) -> None:
    [raffle] = client.get("/api/raffles", headers=guest).json()["data"]

    assert (raffle["id"], raffle["ticketPrice"], raffle["ticketsLeft"]) == ("rfl_spring", usd("5.00"), 50)


def test_tickets_are_bought_and_numbered(client: TestClient, ana: Headers) -> None:
    bought = client.post(TICKETS, json={"quantity": 2}, headers={**ana, **KEY})

    mine = client.get("/api/raffles/tickets/mine", headers=ana).json()["data"]
    raffle = client.get("/api/raffles/rfl_spring", headers=ana).json()["data"]

    assert bought.status_code == 201
    assert bought.json()["data"]["amount"] == usd("10.00")
    assert [ticket["number"] for ticket in mine] == [1, 2]
    assert raffle["ticketsLeft"] == 48


def test_fraud_is_told_where_a_purchase_comes_from(
    client: TestClient, ana: Headers, container: Container
) -> None:
    client.post(TICKETS, json={"quantity": 2}, headers={**ana, **KEY})

    seen = select(fraud_attempts.c.kind, fraud_attempts.c.device_digest, fraud_attempts.c.ip_digest)
    with container.infrastructure.ledger.transaction() as connection:
        [(kind, *digests)] = connection.execute(seen).all()
    assert (kind, all(digests)) == ("raffle", True)


def test_same_key_buys_once(client: TestClient, ana: Headers) -> None:
    for _ in range(3):
        client.post(TICKETS, json={"quantity": 2}, headers={**ana, **KEY})

    assert len(client.get("/api/raffles/tickets/mine", headers=ana).json()["data"]) == 2


def test_tickets_need_a_key(client: TestClient, ana: Headers) -> None:
    answer = client.post(TICKETS, json={"quantity": 2}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "Idempotency-Key"


def test_limit_is_said(client: TestClient, ana: Headers) -> None:
    answer = client.post(TICKETS, json={"quantity": 11}, headers={**ana, **KEY})

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert "10 tickets" in answer.json()["error"]


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "2", None, 10**12])
def test_quantity_is_a_sane_whole_number(client: TestClient, ana: Headers, quantity: object) -> None:
    answer = client.post(TICKETS, json={"quantity": quantity}, headers={**ana, **KEY})

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "quantity"


def test_unknown_raffle_is_not_found(client: TestClient, ana: Headers) -> None:
    answer = client.post("/api/raffles/rfl_none/tickets", json={"quantity": 1}, headers={**ana, **KEY})

    assert answer.status_code == 404


def test_guest_cannot_buy(client: TestClient, guest: Headers) -> None:
    assert client.post(TICKETS, json={"quantity": 1}, headers={**guest, **KEY}).status_code == 403


PLAN = {
    "title": "Summer Raffle",
    "prize": "A hammock",
    "ticketPrice": usd("2.50"),
    "maxTickets": 20,
    "perCustomerLimit": 5,
    "minimumAge": 21,
    "runnersUp": 1,
    "opensAt": "2026-03-01T12:00:00Z",
    "closesAt": "2026-03-08T12:00:00Z",
}


@pytest.fixture
def draft(client: TestClient, staff: Headers) -> str:
    """Where it is found."""
    planned = client.post("/api/raffles", json=PLAN, headers=staff)
    return f"/api/raffles/{planned.json()['data']['id']}"


class TestStaff:
    def test_a_draft_is_shown_to_staff_alone(
        self, client: TestClient, staff: Headers, ana: Headers, draft: str
    ) -> None:
        edited = client.put(draft, json={**PLAN, "ticketPrice": usd("3.00")}, headers=staff).json()["data"]

        drafts = client.get("/api/raffles", params={"status": "draft"}, headers=staff).json()["data"]
        assert drafts == [edited]
        assert edited["ticketPrice"] == usd("3.00")
        assert client.get(draft, headers=ana).status_code == 404
        assert client.get("/api/raffles", params={"status": "draft"}, headers=ana).status_code == 403

    @pytest.mark.parametrize("move", ["open", "close", "draw", "publish", "cancel"])
    def test_customers_do_none_of_it(self, client: TestClient, ana: Headers, move: str) -> None:
        answer = client.post(f"/api/raffles/rfl_spring/{move}", json={"reason": "no"}, headers=ana)

        assert answer.status_code == 403

    def test_what_cannot_be_is_named_by_its_field(self, client: TestClient, staff: Headers) -> None:
        answer = client.post("/api/raffles", json={**PLAN, "perCustomerLimit": 21}, headers=staff)

        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "perCustomerLimit")

    def test_a_raffle_called_off_is_no_longer_sold(
        self, client: TestClient, staff: Headers, ana: Headers
    ) -> None:
        cancelled = client.post("/api/raffles/rfl_spring/cancel", json={"reason": "rain"}, headers=staff)

        answer = client.post(TICKETS, json={"quantity": 1}, headers={**ana, **KEY})
        assert cancelled.json()["data"]["status"] == "cancelled"
        assert answer.status_code == 409


class TestDrawByBeacon:
    @pytest.fixture
    def beacon(self, clock: FakeClock) -> OwnBeacon:
        return OwnBeacon(FakeNetwork(4_711, clock))

    @pytest.fixture
    def overrides(self, overrides: Overrides, beacon: OwnBeacon) -> Overrides:
        return replace(overrides, commerce=CommerceOverrides(beacon=beacon))

    def test_from_draft_to_a_proof_that_a_stranger_checks_without_a_token(
        self,
        client: TestClient,
        beacon: OwnBeacon,
        clock: FakeClock,
        staff: Headers,
        ana: Headers,
        draft: str,
    ) -> None:
        opened = client.post(f"{draft}/open", headers=staff).json()["data"]
        client.post(f"{draft}/tickets", json={"quantity": 3}, headers={**ana, **KEY})
        early = client.get(f"{draft}/proof")
        closed = client.post(f"{draft}/close", headers=staff).json()["data"]
        too_early = client.post(f"{draft}/draw", headers=staff)
        clock.advance(WAIT + timedelta(minutes=1))
        drawn = client.post(f"{draft}/draw", headers=staff).json()["data"]
        hidden = client.get(draft, headers=ana).json()["data"]["draw"]["winningTicket"]
        client.post(f"{draft}/publish", headers=staff)

        bundle = Bundle.model_validate_json(client.get(f"{draft}/proof").content)
        mine = client.get(f"{draft}/tickets", headers=ana).json()["data"]

        noted = closed["draw"]["commitmentSha256"]
        checks = verify(bundle, published=noted, chains={beacon.chain.hash: beacon.chain})
        assert [check.says for check in checks if not check.is_right] == []
        assert (early.status_code, too_early.status_code, hidden) == (404, 409, None)
        assert bundle.commitment.seed_sha256 == opened["draw"]["seedSha256"]
        assert bundle.tickets == [f"{number} {mine['holder']}" for number in (1, 2, 3)]
        assert bundle.outcome is not None
        assert drawn["draw"]["winningTicket"] == bundle.outcome.winner.ticket
