from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import ANA, BEN, Headers, SignIn
from tests.fakes import FakeClock

FORM = {"fullName": "Ben Brown", "dateOfBirth": "1991-07-09", "state": "TX", "idNumberLast4": "4321"}
VERIFY = "/api/age-verification/verify"


def test_adult_is_verified_for_a_year(client: TestClient, ben: Headers) -> None:
    proof = client.post(VERIFY, json=FORM, headers=ben)

    status = client.get(f"/api/age-verification/status/{BEN}", headers=ben).json()["data"]

    assert proof.status_code == 201
    assert (proof.json()["data"]["verified"], proof.json()["data"]["method"]) == (True, "full_verification")
    assert status == {
        "verified": True,
        "verifiedAt": "2026-03-01T12:00:00.000Z",
        "expiresAt": "2027-03-01T12:00:00.000Z",
    }


def test_no_proof_is_said_plainly(client: TestClient, ben: Headers) -> None:
    status = client.get(f"/api/age-verification/status/{BEN}", headers=ben).json()["data"]

    assert status == {"verified": False, "verifiedAt": None, "expiresAt": None}


def test_proof_expires(client: TestClient, clock: FakeClock, sign_in: SignIn) -> None:
    clock.advance(timedelta(days=365))

    status = client.get(f"/api/age-verification/status/{ANA}", headers=sign_in(ANA)).json()["data"]

    assert status["verified"] is False


def test_minor_is_refused(client: TestClient, ben: Headers) -> None:
    answer = client.post(VERIFY, json={**FORM, "dateOfBirth": "2005-03-02"}, headers=ben)

    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fullName", "Cher"),
        ("dateOfBirth", "9 July 1991"),
        ("dateOfBirth", "1791-07-09"),
        ("state", "Ontario"),
        ("idNumberLast4", "12345"),
        ("idNumberLast4", "12a4"),
    ],
)
def test_bad_field_is_named_and_not_repeated(
    client: TestClient, ben: Headers, field: str, value: str
) -> None:
    answer = client.post(VERIFY, json={**FORM, field: value}, headers=ben)

    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["details"]] == [field]
    assert "1991" not in answer.text
    assert "4321" not in answer.text


def test_birthday_is_nowhere_in_the_answer(client: TestClient, ben: Headers) -> None:
    answer = client.post(VERIFY, json=FORM, headers=ben)

    assert "1991" not in answer.text
    assert "4321" not in answer.text
