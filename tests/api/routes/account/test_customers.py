from starlette.testclient import TestClient

from tests.api.conftest import ANA, BEN, Headers

ADDRESS = {
    "recipient": "Ana Alvarez",
    "line1": "1200 Main Street",
    "city": "San Antonio",
    "state": "Texas",
    "postalCode": "78205",
}


def test_profile_is_changed_and_read_back(client: TestClient, ana: Headers) -> None:
    changes = {"name": "Ana O'Brien-Ñandú", "phone": "+1 512 555 0100", "state": "tx"}

    changed = client.put("/api/customers/me", json=changes, headers=ana).json()["data"]

    assert (changed["name"], changed["phone"], changed["state"]) == (
        "Ana O'Brien-Ñandú",
        "+15125550100",
        "TX",
    )
    assert client.get("/api/customers/me", headers=ana).json()["data"] == changed


def test_customer_sees_no_one_elses_profile_and_staff_see_any(
    client: TestClient, ana: Headers, staff: Headers
) -> None:
    assert client.get(f"/api/customers/{BEN}", headers=ana).status_code == 403
    assert client.get(f"/api/customers/{BEN}", headers=staff).json()["data"]["name"] == "Ben Brown"


def test_guest_has_no_profile(client: TestClient, guest: Headers) -> None:
    assert client.get("/api/customers/me", headers=guest).status_code == 403


def test_addresses_are_kept_changed_and_removed(client: TestClient, ana: Headers) -> None:
    path = "/api/customers/me/addresses"

    first = client.post(path, json=ADDRESS, headers=ana).json()["data"]
    second = client.post(path, json={**ADDRESS, "line1": "2 Side Street"}, headers=ana).json()["data"]
    client.put(f"{path}/{second['id']}/default", headers=ana)
    client.put(f"{path}/{first['id']}", json={**ADDRESS, "city": "Austin"}, headers=ana)
    listed = client.get(path, headers=ana).json()["data"]
    client.delete(f"{path}/{first['id']}", headers=ana)

    assert [(each["line1"], each["city"], each["isDefault"]) for each in listed] == [
        ("2 Side Street", "San Antonio", True),
        ("1200 Main Street", "Austin", False),
    ]
    assert len(client.get(path, headers=ana).json()["data"]) == 1


def test_nobody_touches_an_address_of_another(client: TestClient, ana: Headers, ben: Headers) -> None:
    path = "/api/customers/me/addresses"
    kept = client.post(path, json=ADDRESS, headers=ana).json()["data"]

    assert client.put(f"{path}/{kept['id']}", json=ADDRESS, headers=ben).status_code == 404
    assert client.delete(f"{path}/{kept['id']}", headers=ben).status_code == 404


def test_withdrawn_consent_is_the_one_in_force(client: TestClient, ana: Headers) -> None:
    form = {"purpose": "email_news", "wording": "2026-03"}

    for granted in (True, False):
        client.post("/api/customers/me/consents", json={**form, "granted": granted}, headers=ana)

    said = client.get("/api/customers/me/consents", headers=ana).json()["data"]
    assert [each["granted"] for each in said] == [True, False]


def test_preferences_are_kept(client: TestClient, ana: Headers) -> None:
    wanted = {"channel": "email", "language": "es"}

    client.put("/api/customers/me/preferences", json=wanted, headers=ana)
    no_phone = client.put("/api/customers/me/preferences", json={"channel": "text"}, headers=ana)

    assert client.get("/api/customers/me/preferences", headers=ana).json()["data"] == wanted
    assert no_phone.status_code == 400


def test_own_id_in_the_path_is_as_good_as_me(client: TestClient, ana: Headers) -> None:
    assert client.get(f"/api/customers/{ANA}", headers=ana).json()["data"]["id"] == ANA
