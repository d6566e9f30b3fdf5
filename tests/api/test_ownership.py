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
    "get /api/products/{productId}",
    "put /api/cart/items/{productId}",
    "delete /api/cart/items/{productId}",
    "get /api/raffles/{raffleId}",
    "get /api/raffles/{raffleId}/proof",
    "get /api/raffles/{raffleId}/tickets",
    "post /api/raffles/{raffleId}/tickets",
    "get /api/memory/erasures/{erasureId}",
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
    parameters: frozenset[str] = frozenset()
    """Names of those in the query string."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes(container: Container) -> Iterator[Route]:
    """As the OpenAPI document has them, each with the example of its body."""
    document = create_app(container).openapi()
    for path, operations in document["paths"].items():
        for method in METHODS:
            if "{" in path and method in operations:
                yield Route(method, path, _example(document, operations[method]), _query(operations[method]))


def _example(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    if "requestBody" not in operation:
        return None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    example: dict[str, Any] = document["components"]["schemas"][name]["example"]
    return example


def _query(operation: dict[str, Any]) -> frozenset[str]:
    declared = operation.get("parameters", ())
    return frozenset(each["name"] for each in declared if each.get("in") == "query")


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
        "customerId": ANA,
        "orderId": order["id"],
        "paymentId": container.commerce.payments.service.charges.of_customer(ANA)[0].id,
        "cardId": container.commerce.payments.service.cards.of_customer(ANA)[0].id,
        "addressId": made("/api/customers/me/addresses", ADDRESS)["id"],
        "sessionId": session.session.id,
        "threadId": talk["threadId"],
        "turnId": talk["turnId"],
        "actionId": talk["confirmation"]["actionId"],
        "jobId": made("/api/reasoning/jobs", {"prompt": "compare your tinctures"})["id"],
        "handoffId": container.commerce.handoffs.request(
            talk["threadId"], principal_id=ANA, summary="help"
        ).id,
        "noticeId": "ntc_1",
        "reviewId": "rev_1",
        "staffId": "stf_sam",
        "erasureId": "era_1",
        "productId": "prd_owl",
        "raffleId": "rfl_spring",
        "documentId": "shipping",
    }


def test_nobody_reaches_what_is_not_theirs(
    client: TestClient, container: Container, anas: dict[str, str], ana: Headers, ben: Headers, guest: Headers
) -> None:
    query = {"subtotal": "10.00", "message": "sleep"}
    thread = {"threadId": anas["threadId"]}
    in_bodies = [
        Route("post", "/api/chat", {"message": "and then?", **thread}),
        Route("post", "/api/reasoning/jobs", {"prompt": "and then?", **thread}),
    ]
    reached, lost = [], []
    for route in (*routes(container), *in_bodies):
        path = route.path.format(**anas)
        params = {name: value for name, value in query.items() if name in route.parameters}
        if route.name in FOR_EVERYBODY:
            continue
        for stranger in (ben, guest, {}):
            headers = {**stranger, "Idempotency-Key": new_id("key")}
            answer = client.request(route.method, path, json=route.body, params=params, headers=headers)
            if answer.status_code not in (401, 403, 404) or any(mark in answer.text for mark in MARKS):
                reached.append((route.name, answer.status_code, answer.text))
        if route.method == "get" and "staff" not in path:
            own = client.get(path, params=params, headers=ana)
            lost += [route.name] if own.status_code == 404 else []

    assert reached == []
    assert lost == []
