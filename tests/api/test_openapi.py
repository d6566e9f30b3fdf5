"""The OpenAPI document says all that a client must know, in one form, with an example of everything."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from api.containers.container import Container

CAMEL = re.compile(r"^[a-z][a-zA-Z0-9]*$")
HEADER = re.compile(r"^([A-Z][A-Za-z]*|X-ANET)(-[A-Za-z]+)*$", re.IGNORECASE)
LONGEST_NAME = 40
SHORTEST_DESCRIPTION = 4
MONEY = "#/components/schemas/Money"
MONEY_WORDS = re.compile(
    r"(cents|price|amount|total|subtotal|discount|tax|spent|mrr|value|net|refunded)$", re.I
)
NOT_MONEY = {
    "discountPercent",
    "hasDiscount",
    "LearnedPreferences.priceRange",
    "MembershipStats.lifetimeValue",
    "PredictionOut.value",
    "PredictionOut.actualValue",
    "FactOut.value",
    "Randomness.value",
    "ProductFilter.price",
    "Money.amount",
}
"""Properties that sound like money and are a percentage, a range, a statement or a digest."""
ONE_PAGE = {
    "listMembershipTiers": "three tiers",
    "listPredictionAccuracy": "one entry for each kind",
    "listNoticeTemplates": "part of the release",
    "listAddresses": "ten for an account",
    "listCards": "a few for an account",
    "deleteCard": "the same list",
    "searchMemory": "a ranking",
}
"""Operations that return a list which cannot grow, or a ranking."""

KEYS_THAT_ARE_VALUES = {"next_purchase"}
"""Keys of maps, which are the values of an enumeration."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def container(lasting_container: Container) -> Container:
    return lasting_container


@pytest.fixture
def document(client: TestClient) -> Json:
    found: Json = client.get("/openapi.json").json()
    return found


@pytest.fixture
def operations(document: Json) -> list[tuple[str, Json]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def resolved(document: Json, node: Json) -> Json:
    while "$ref" in node:
        kind, name = node["$ref"].split("/")[2:]
        node = document["components"][kind][name]
    return node


def parameters(document: Json, operation: Json) -> list[Json]:
    return [resolved(document, each) for each in operation.get("parameters", ())]


def properties(document: Json) -> Iterator[tuple[str, str, Json]]:
    for name, schema in document["components"]["schemas"].items():
        for each, content in schema.get("properties", {}).items():
            yield name, each, content


def described(node: Json) -> bool:
    return len(str(node.get("description", "")).strip()) >= SHORTEST_DESCRIPTION


def success_bodies(operation: Json) -> Iterator[tuple[str, Json]]:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from response.get("content", {}).items()


def request_bodies(operation: Json) -> Iterator[tuple[str, Json]]:
    yield from operation.get("requestBody", {}).get("content", {}).items()


def all_types(document: Json, schema: Json) -> Iterator[Json]:
    """The schema itself and its alternatives."""
    schema = resolved(document, schema)
    yield schema
    for key in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(key, ()):
            yield from all_types(document, each)


def references(schema: Json) -> list[str]:
    found = [schema.get("$ref", "")]
    return found + [each.get("$ref", "") for key in ("anyOf", "oneOf") for each in schema.get(key, ())]


class TestDescriptions:
    def test_every_operation_is_described(self, operations: list[tuple[str, Json]]) -> None:
        assert [name for name, each in operations if not described(each) or not each.get("summary")] == []

    def test_every_parameter_is_described(self, document: Json, operations: list[tuple[str, Json]]) -> None:
        assert [
            (name, each["name"])
            for name, operation in operations
            for each in parameters(document, operation)
            if not described(each)
        ] == []

    def test_every_property_and_schema_is_described(self, document: Json) -> None:
        schemas = document["components"]["schemas"]
        bare = [f"{name}.{each}" for name, each, content in properties(document) if not described(content)]
        objects = [name for name, schema in schemas.items() if "properties" in schema]

        assert bare == []
        assert [name for name in objects if not described(schemas[name])] == []

    def test_every_response_and_header_is_described(
        self, document: Json, operations: list[tuple[str, Json]]
    ) -> None:
        assert [
            (name, status)
            for name, operation in operations
            for status, response in operation["responses"].items()
            if not described(response)
        ] == []
        assert [name for name, each in document["components"]["headers"].items() if not described(each)] == []

    def test_every_tag_is_described(self, document: Json, operations: list[tuple[str, Json]]) -> None:
        known = {tag["name"] for tag in document["tags"] if described(tag)}
        used = {tag for _, operation in operations for tag in operation["tags"]}

        assert known == used


class TestExamples:
    def test_examples_of_bodies_validate(self, document: Json, operations: list[tuple[str, Json]]) -> None:
        wrong = []
        for name, operation in operations:
            for kind, body in (*success_bodies(operation), *request_bodies(operation)):
                if "example" not in body:
                    wrong.append((name, kind, "has no example"))
                    continue
                schema = {**body["schema"], "components": document["components"]}
                wrong += [
                    (name, kind, f"{error.instance_path}: {error.message}")
                    for error in Draft202012Validator(schema).iter_errors(body["example"])
                ]

        assert wrong == []

    def test_every_operation_with_a_body_shows_a_success(self, operations: list[tuple[str, Json]]) -> None:
        without = [name for name, operation in operations if not list(success_bodies(operation))]

        assert without == ["POST /api/webhooks/authorize-net"]

    def test_examples_of_failures_have_their_code(self, operations: list[tuple[str, Json]]) -> None:
        assert [
            (name, status)
            for name, operation in operations
            for status, response in operation["responses"].items()
            if status[0] in "45" and response["content"]["application/json"]["example"]["code"] == ""
        ] == []


class TestNames:
    def test_properties_are_camel_case(self, document: Json) -> None:
        assert [f"{name}.{each}" for name, each, _ in properties(document) if not CAMEL.match(each)] == []

    def test_parameters_are_camel_case_and_headers_as_usual(
        self, document: Json, operations: list[tuple[str, Json]]
    ) -> None:
        assert [
            (name, each["name"])
            for name, operation in operations
            for each in parameters(document, operation)
            if not (HEADER if each["in"] == "header" else CAMEL).match(each["name"])
        ] == []

    def test_names_in_examples_are_camel_case(self, operations: list[tuple[str, Json]]) -> None:
        def names(value: object) -> Iterator[str]:
            if isinstance(value, dict):
                yield from value
                for each in value.values():
                    yield from names(each)
            if isinstance(value, list):
                for each in value:
                    yield from names(each)

        assert {
            each
            for _, operation in operations
            for _, body in success_bodies(operation)
            for each in names(body.get("example"))
            if "_" in each
        } <= KEYS_THAT_ARE_VALUES

    def test_operation_ids_are_unique_and_short(self, operations: list[tuple[str, Json]]) -> None:
        counted = Counter(operation["operationId"] for _, operation in operations)

        assert [name for name, count in counted.items() if count > 1] == []
        assert [name for name in counted if len(name) > LONGEST_NAME or not CAMEL.match(name)] == []

    def test_schema_names_are_plain_and_short(self, document: Json) -> None:
        assert [
            name
            for name in document["components"]["schemas"]
            if len(name) > LONGEST_NAME or not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)
        ] == []


class TestMoney:
    def test_money_has_one_form(self, document: Json) -> None:
        other = [
            f"{name}.{each}"
            for name, each, content in properties(document)
            if MONEY_WORDS.search(each)
            and {each, f"{name}.{each}"}.isdisjoint(NOT_MONEY)
            and MONEY not in references(content)
        ]

        assert [each for each in other if not each.endswith("Envelope.data")] == []

    def test_cents_are_nowhere(self, document: Json) -> None:
        assert [f"{name}.{each}" for name, each, _ in properties(document) if "cents" in each.lower()] == []


class TestLists:
    def test_lists_that_can_grow_are_paged(self, document: Json, operations: list[tuple[str, Json]]) -> None:
        unpaged = []
        for _, operation in operations:
            for _, body in success_bodies(operation):
                shown = resolved(document, body["schema"])
                data = shown.get("properties", {}).get("data", {})
                is_list = any(each.get("type") == "array" for each in all_types(document, data))
                if is_list and "nextCursor" not in shown["properties"]:
                    unpaged.append(operation["operationId"])

        assert sorted(unpaged) == sorted(ONE_PAGE)

    def test_paged_lists_take_limit_and_cursor(
        self, document: Json, operations: list[tuple[str, Json]]
    ) -> None:
        for name, operation in operations:
            for _, body in success_bodies(operation):
                if "nextCursor" in resolved(document, body["schema"]).get("properties", {}):
                    taken = {each["name"]: each["schema"] for each in parameters(document, operation)}
                    assert {"limit", "cursor"} <= set(taken), name
                    assert (taken["limit"]["minimum"], taken["limit"]["maximum"]) == (1, 100), name


class TestScopes:
    def test_every_operation_names_its_scope(self, operations: list[tuple[str, Json]]) -> None:
        assert [name for name, each in operations if "x-required-scope" not in each] == []
        for name, operation in operations:
            scopes = operation["x-required-scope"]
            needed = [scope for each in operation["security"] for scope in each["bearer"]]
            assert needed == scopes, name
            assert all(f"`{scope}`" in operation["description"] for scope in scopes), name

    def test_operations_without_a_token_are_known(self, operations: list[tuple[str, Json]]) -> None:
        free = {operation["operationId"] for _, operation in operations if operation["security"] == []}

        assert free == {
            "createGuestToken",
            "register",
            "sendSignInCode",
            "signIn",
            "signInStaff",
            "getRaffleProof",
            "getErasure",
            "showUnsubscribePage",
            "unsubscribeFromOffers",
            "receiveAuthorizeNet",
            "getHealth",
            "getReadiness",
        }


class TestEvents:
    def test_each_kind_of_event_has_a_schema(self, document: Json) -> None:
        event = document["components"]["schemas"]["ChatEvent"]
        kinds = {resolved(document, each)["properties"]["event"]["const"] for each in event["oneOf"]}

        assert kinds == {
            "accepted",
            "token",
            "tool_started",
            "tool_finished",
            "confirm",
            "form",
            "handoff",
            "restart",
            "done",
        }

    def test_streams_are_documented(self, document: Json) -> None:
        for path, method in (("/api/chat", "post"), ("/api/chat/turns/{turnId}/events", "get")):
            content = document["paths"][path][method]["responses"]["200"]["content"]
            assert content["text/event-stream"]["schema"]["contentSchema"]["$ref"].endswith("/ChatEvent")
