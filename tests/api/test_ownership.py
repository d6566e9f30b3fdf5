"""Every route whose path names something refuses whoever it is not for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.containers.container import Container
from commerce.customers.access import Method
from foundation.auth import Principal, Role
from foundation.ids import new_id
from tests.api.conftest import ANA, Headers

METHODS = ("get", "post", "put", "delete")
FOR_EVERYBODY = {
    "get /api/products/{product_id}",
    "put /api/cart/items/{product_id}",
    "delete /api/cart/items/{product_id}",
    "get /api/raffles/{raffle_id}",
    "get /api/raffles/{raffle_id}/proof",
    "get /api/raffles/{raffle_id}/tickets",
    "post /api/raffles/{raffle_id}/tickets",
    "get /api/memory/erasures/{erasure_id}",
}
"""What the shop shows to all, the caller's own part of it, and a receipt whose id is the secret."""
ADDRESS = {"recipient": "Ana", "line1": "1 Main St", "city": "Austin", "state": "TX", "postalCode": "78701"}
MARKS = ("Alvarez", "ana@example.com", "gold member", "1 Main St")

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    body: dict[str, Any] | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes(container: Container) -> Iterator[Route]:
    """As the OpenAPI document has them, each with the example of its body."""
    document = create_app(container).openapi()
    for path, operations in document["paths"].items():
        for method in METHODS:
            if "{" in path and method in operations:
                yield Route(method, path, _example(document, operations[method]))


def _example(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    if "requestBody" not in operation:
        return None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    example: dict[str, Any] = document["components"]["schemas"][name]["example"]
    return example


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


@pytest.fixture
def anas(client: TestClient, container: Container, ana: Headers) -> dict[str, str]:
    """Something of Ana's for each kind of id."""

    def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(path, json=body, headers={**ana, "Idempotency-Key": f"made-by-ana-{len(path)}"})
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    made("/api/cart/items", {"productId": "prd_day", "quantity": 1})
    order = made("/api/checkout", {})
    talk = made("/api/chat", {"message": "make me a gold member"})
    session = container.commerce.customers.access.sessions.open(
        Principal(ANA, Role.CUSTOMER), method=Method.CODE, device="Firefox"
    )
    return {
        "customer_id": ANA,
        "order_id": order["id"],
        "payment_id": container.commerce.payments.service.charges.of_customer(ANA)[0].id,
        "card_id": container.commerce.payments.service.cards.of_customer(ANA)[0].id,
        "address_id": made("/api/customers/me/addresses", ADDRESS)["id"],
        "session_id": session.session.id,
        "thread_id": talk["thread_id"],
        "turn_id": talk["turn_id"],
        "action_id": talk["confirmation"]["action_id"],
        "job_id": made("/api/reasoning/jobs", {"prompt": "compare your tinctures"})["id"],
        "handoff_id": container.commerce.handoffs.request(
            talk["thread_id"], principal_id=ANA, summary="help"
        ).id,
        "notice_id": "ntc_1",
        "review_id": "rev_1",
        "staff_id": "stf_sam",
        "erasure_id": "era_1",
        "product_id": "prd_owl",
        "raffle_id": "rfl_spring",
        "document_id": "shipping",
    }


def test_nobody_reaches_what_is_not_theirs(
    client: TestClient, container: Container, anas: dict[str, str], ana: Headers, ben: Headers, guest: Headers
) -> None:
    query = {"subtotal": "10.00", "message": "sleep"}
    thread = {"thread_id": anas["thread_id"]}
    in_bodies = [
        Route("post", "/api/chat", {"message": "and then?", **thread}),
        Route("post", "/api/reasoning/jobs", {"prompt": "and then?", **thread}),
    ]
    reached, lost = [], []
    for route in (*routes(container), *in_bodies):
        path = route.path.format(**anas)
        if route.name in FOR_EVERYBODY:
            continue
        for stranger in (ben, guest, {}):
            headers = {**stranger, "Idempotency-Key": new_id("key")}
            answer = client.request(route.method, path, json=route.body, params=query, headers=headers)
            if answer.status_code not in (401, 403, 404) or any(mark in answer.text for mark in MARKS):
                reached.append((route.name, answer.status_code, answer.text))
        if route.method == "get" and "staff" not in path:
            own = client.get(path, params=query, headers=ana)
            lost += [route.name] if own.status_code == 404 else []

    assert reached == []
    assert lost == []
