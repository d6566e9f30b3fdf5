from typing import Any

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from foundation.auth import Role, StaffRole
from memory.conversations.models import Interaction
from tests.api.conftest import ANA, Headers, SignIn, usd

RETURNS = "# Returns\n\nUnopened goods may come back within 30 days of delivery."


def search(client: TestClient, headers: Headers, query: str, among: str) -> list[dict[str, Any]]:
    answer = client.post(
        "/api/memory/vector/search", json={"query": query, "collection": among}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


@pytest.fixture
def manager(sign_in: SignIn) -> Headers:
    return sign_in("stf_mia", role=Role.STAFF, staff_role=StaffRole.MANAGER)


def test_products_are_found_within_the_price(client: TestClient, guest: Headers) -> None:
    found = search(client, guest, "gummies for sleep under 30", "products")

    titles = [each["title"] for each in found]
    assert titles[0] == "Night Owl Gummies"
    assert "Deep Bear Gummies" not in titles
    assert found[0]["price"] == usd("28.00")


def test_document_is_cited_until_it_is_retired(client: TestClient, guest: Headers, manager: Headers) -> None:
    published = client.put("/api/knowledge/returns", json={"markdown": RETURNS}, headers=manager)
    found = search(client, guest, "how long may I return unopened goods?", "knowledge")

    client.delete("/api/knowledge/returns", headers=manager)

    assert published.json()["data"]["version"] == 1
    assert found[0]["id"] == "returns@1#1"
    assert "30 days" in found[0]["text"]
    assert search(client, guest, "how long may I return unopened goods?", "knowledge") == []
    versions = client.get("/api/knowledge/returns/versions", headers=manager).json()["data"]
    assert versions[0]["retiredAt"] is not None


@pytest.mark.parametrize("who", ["guest", "ana", "staff"])
def test_only_managers_publish(client: TestClient, sign_in: SignIn, who: str) -> None:
    headers = {
        "guest": sign_in("gst_gus", role=Role.GUEST),
        "ana": sign_in("cus_ana"),
        "staff": sign_in("stf_sam", role=Role.STAFF, staff_role=StaffRole.SUPPORT),
    }[who]

    assert (
        client.put("/api/knowledge/returns", json={"markdown": RETURNS}, headers=headers).status_code == 403
    )
    assert client.delete("/api/knowledge/returns", headers=headers).status_code == 403


def test_conversations_are_the_callers_own(
    client: TestClient, container: Container, ana: Headers, ben: Headers
) -> None:
    said = "my back hurts after gardening"
    container.memory.engine.learn(
        Interaction(
            "trn_1", ANA, "thr_1", "chat", container.infrastructure.clock(), said, "Sorry to hear that."
        )
    )

    assert search(client, ana, "my back hurts", "conversations")[0]["text"] == said
    assert search(client, ben, "my back hurts", "conversations") == []


def test_guest_has_no_conversations(client: TestClient, guest: Headers) -> None:
    body = {"query": "anything", "collection": "conversations"}

    assert client.post("/api/memory/vector/search", json=body, headers=guest).status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"query": ""}, {"query": "x", "collection": "staff"}, {"query": "x", "limit": 0}]
)
def test_odd_question_is_refused(client: TestClient, ana: Headers, body: dict[str, Any]) -> None:
    assert client.post("/api/memory/vector/search", json=body, headers=ana).status_code == 400
