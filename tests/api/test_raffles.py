import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Headers

KEY = {"Idempotency-Key": "two-tickets-please"}
TICKETS = "/api/raffles/rfl_spring/tickets"


def test_open_raffles_are_told(client: TestClient, guest: Headers) -> None:
    [raffle] = client.get("/api/raffles", headers=guest).json()["data"]

    assert (raffle["id"], raffle["ticketPrice"], raffle["ticketsLeft"]) == ("rfl_spring", 5.0, 50)


def test_tickets_are_bought_and_numbered(client: TestClient, ana: Headers) -> None:
    bought = client.post(TICKETS, json={"quantity": 2}, headers={**ana, **KEY})

    mine = client.get("/api/raffles/tickets/mine", headers=ana).json()["data"]
    raffle = client.get("/api/raffles/rfl_spring", headers=ana).json()["data"]

    assert bought.status_code == 201
    assert bought.json()["data"]["amount"] == 10.0
    assert [ticket["number"] for ticket in mine] == [1, 2]
    assert raffle["ticketsLeft"] == 48


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
