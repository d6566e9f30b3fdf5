from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from foundation.auth import Role, StaffRole
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
        "inGrace": False,
        "usableUntil": "2027-03-31T12:00:00.000Z",
    }


def test_no_proof_is_said_plainly(client: TestClient, ben: Headers) -> None:
    status = client.get(f"/api/age-verification/status/{BEN}", headers=ben).json()["data"]

    assert status["verified"] is False
    assert {status[each] for each in ("verifiedAt", "expiresAt", "usableUntil")} == {None}


@pytest.mark.parametrize(
    ("days", "verified_and_in_grace"), [(364, (True, False)), (365, (True, True)), (395, (False, False))]
)
def test_proof_ends_after_its_grace(
    client: TestClient,
    clock: FakeClock,
    sign_in: SignIn,
    days: int,
    verified_and_in_grace: tuple[bool, bool],
) -> None:
    clock.advance(timedelta(days=days))

    status = client.get(f"/api/age-verification/status/{ANA}", headers=sign_in(ANA)).json()["data"]

    assert (status["verified"], status["inGrace"]) == verified_and_in_grace


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


def test_barcode_of_an_id_is_taken_for_its_form(client: TestClient, ben: Headers) -> None:
    text = (
        "@\n\x1e\rANSI 636015080002DL00410288ZT03290015DLDAQ12345678\nDCSBROWN\nDACBEN\nDBB07091991\nDAJTX\n"
    )

    proof = client.post("/api/age-verification/barcode", json={"barcode": text}, headers=ben)

    assert (proof.status_code, proof.json()["data"]["method"]) == (201, "barcode_format")
    assert "1991" not in proof.text


def test_records_are_for_compliance_alone(client: TestClient, ana: Headers, sign_in: SignIn) -> None:
    path = f"/api/age-verification/records/{ANA}"
    by_role = {each: sign_in("stf_sam", role=Role.STAFF, staff_role=each) for each in StaffRole}

    answers = {each: client.get(path, headers=headers).status_code for each, headers in by_role.items()}
    shown = client.get(path, headers=by_role[StaffRole.COMPLIANCE]).json()["data"]

    assert answers == {StaffRole.SUPPORT: 403, StaffRole.MANAGER: 403, StaffRole.COMPLIANCE: 200}
    assert client.get(path, headers=ana).status_code == 403
    assert [each["idNumberLast4"] for each in shown] == ["4821"]


def test_only_an_admin_erases_a_proof(
    client: TestClient, ana: Headers, staff: Headers, sign_in: SignIn
) -> None:
    path = f"/api/age-verification/{ANA}"
    boss = sign_in("stf_boss", role=Role.ADMIN)

    refused = [client.delete(path, headers=headers).status_code for headers in (ana, staff)]
    erased = client.delete(path, headers=boss)

    status = client.get(f"/api/age-verification/status/{ANA}", headers=ana).json()["data"]
    assert refused == [403, 403]
    assert erased.json()["data"] == {"records": 1}
    assert status["verified"] is False
