from starlette.testclient import TestClient

from api.containers.container import Container
from tests.api.conftest import ANA, Headers


def test_staff_see_who_waits_for_a_person_and_close_it(
    client: TestClient, container: Container, staff: Headers
) -> None:
    asked = container.commerce.handoffs.request("thr_1", principal_id=ANA, summary="a wrong delivery")

    waiting = client.get("/api/handoffs", headers=staff).json()["data"]
    closed = client.post(f"/api/handoffs/{asked.id}/close", headers=staff).json()["data"]

    assert [(each["id"], each["summary"], each["closedAt"]) for each in waiting] == [
        (asked.id, "a wrong delivery", None)
    ]
    assert closed["closedAt"] == "2026-03-01T12:00:00.000Z"
    assert client.get("/api/handoffs", headers=staff).json()["data"] == []


def test_handoffs_are_for_staff(client: TestClient, ana: Headers, staff: Headers) -> None:
    assert client.get("/api/handoffs", headers=ana).status_code == 403
    assert client.post("/api/handoffs/hnd_none/close", headers=ana).status_code == 403
    assert client.post("/api/handoffs/hnd_none/close", headers=staff).status_code == 404
