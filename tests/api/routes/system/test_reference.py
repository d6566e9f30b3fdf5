import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.containers.container import Container


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


def test_page_loads_only_what_we_serve(client: TestClient) -> None:
    page = client.get("/docs").text

    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert {client.get(path).status_code for path in loaded} == {200}
    assert all(path.startswith("/") for path in loaded)


def test_page_has_no_inline_code(client: TestClient) -> None:
    page = client.get("/docs").text

    assert not re.search(r"<script[^>]*>[^<]+", page)
    assert "<style" not in page


def test_document_knows_our_failures_alone(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    routes = [route for path in document["paths"].values() for route in path.values()]
    assert [route["operationId"] for route in routes if "422" in route["responses"]] == []
    failures = [
        response["content"]
        for route in routes
        for status, response in route["responses"].items()
        if status.startswith(("4", "5"))
    ]
    assert all(
        "text/html" in content or content["application/json"]["schema"]["$ref"].endswith("/Failure")
        for content in failures
    )


def test_document_has_an_example_of_every_body(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    bodies = {
        route["operationId"]: route["requestBody"]["content"]["application/json"]
        for path in document["paths"].values()
        for route in path.values()
        if "requestBody" in route
    }
    schemas = document["components"]["schemas"]
    without = [
        name
        for name, body in bodies.items()
        if "example" not in body and any("example" not in schemas[part] for part in parts(body["schema"]))
    ]
    assert without == []


def parts(schema: dict[str, Any]) -> list[str]:
    """Names of the schemas that a body is made of: one, or those it may be one or a list of."""
    if "$ref" in schema:
        return [schema["$ref"].rsplit("/", 1)[1]]
    inner = [
        *schema.get("anyOf", ()),
        *schema.get("oneOf", ()),
        *([schema["items"]] if "items" in schema else []),
    ]
    assert inner, schema
    return [name for each in inner for name in parts(each)]
