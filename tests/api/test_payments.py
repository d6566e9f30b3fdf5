from starlette.testclient import TestClient

from api.bootstrap import House
from tests.api.conftest import ANA, BEN, Headers


def test_card_is_kept_by_its_last_four(client: TestClient, house: House, ben: Headers) -> None:
    added = client.post("/api/payments/profiles", json={"nonce": "tok_approve"}, headers=ben)

    [card] = house.payments.cards(BEN)
    assert added.status_code == 201
    assert added.json()["data"] == {"id": card.id, "brand": "Visa", "lastFour": "1111", "isDefault": True}
    assert "tok_approve" not in added.text


def test_card_number_is_refused_and_not_repeated(client: TestClient, house: House, ben: Headers) -> None:
    answer = client.post("/api/payments/profiles", json={"nonce": "4111 1111 1111 1111"}, headers=ben)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "nonce"
    assert "4111" not in answer.text
    assert house.payments.cards(BEN) == []


def test_useless_nonce_is_refused(client: TestClient, ben: Headers) -> None:
    answer = client.post("/api/payments/profiles", json={"nonce": "tok_invented"}, headers=ben)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")


def test_guest_has_no_cards(client: TestClient, guest: Headers) -> None:
    assert (
        client.post("/api/payments/profiles", json={"nonce": "tok_approve"}, headers=guest).status_code == 403
    )


def test_card_becomes_the_callers_default(client: TestClient, house: House, ana: Headers) -> None:
    client.post("/api/payments/profiles", json={"nonce": "tok_hold"}, headers=ana)

    assert house.payments.default_card(ANA).last_four == "0005"
