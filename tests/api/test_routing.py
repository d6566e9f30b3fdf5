import pytest
from starlette.testclient import TestClient

from api.containers.container import Container
from tests.api.conftest import Headers


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


def test_unknown_query_parameter_is_refused_with_the_known_ones(client: TestClient, ana: Headers) -> None:
    answer = client.get("/api/orders", params={"page": "2"}, headers=ana)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")
    assert answer.json()["error"].startswith("Unknown query parameter `page`: expected one of")
    assert "`limit`" in answer.json()["error"]
    assert answer.json()["details"][0]["field"] == "page"


def test_route_without_parameters_says_so(client: TestClient, ana: Headers) -> None:
    answer = client.get("/api/cart", params={"verbose": "1"}, headers=ana)

    assert answer.status_code == 400
    assert answer.json()["error"] == "Unknown query parameter `verbose`: expected no query parameters."


def test_fields_of_a_schema_in_the_query_string_are_known(client: TestClient, ana: Headers) -> None:
    assert client.get("/api/products", params={"words": "gummies"}, headers=ana).status_code == 200


def test_document_names_the_scope_of_each_operation(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    assert paths["/api/orders/{orderId}/cancel"]["post"]["x-required-scope"] == ["money:refund"]
    assert paths["/api/customers/{customerId}"]["get"]["x-required-scope"] == ["own:read", "staff:read"]
    assert paths["/api/auth/me"]["get"]["security"] == [{"bearer": []}]
    assert paths["/api/auth/guest"]["post"]["security"] == []


def test_document_describes_the_headers_of_the_middleware(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    order = document["paths"]["/api/checkout"]["post"]

    created = order["responses"]["201"]["headers"]
    assert set(created) == {
        "X-Request-Id",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "Idempotency-Replayed",
    }
    assert "Retry-After" in order["responses"]["429"]["headers"]
    assert {name for response in order["responses"].values() for name in response["headers"]} <= set(
        document["components"]["headers"]
    )
