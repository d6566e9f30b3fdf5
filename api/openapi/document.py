"""Completes the OpenAPI document that FastAPI writes: names, required scopes, headers and examples."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel
from starlette.routing import BaseRoute

from api.authorization import required_scopes
from api.openapi.events import add_event_schemas
from api.openapi.examples import add_examples
from api.openapi.headers import Headers
from api.openapi.names import short_name

Document = dict[str, Any]
Operation = dict[str, Any]
PATH_PARAMETER = re.compile(r"\{(\w+)\}")
SCHEME = "bearer"
WRAPPERS = {"Envelope": "A successful response.", "Page": "One page of a list."}
"""What a parametrised generic has no docstring for."""
REFERENCE = "#/components/schemas/"


def complete(document: Document, routes: Sequence[BaseRoute]) -> None:
    _drop_validation_errors(document)
    add_event_schemas(document)
    _rename_schemas(document)
    headers = Headers(document)
    for route, method, operation in _operations(document, routes):
        _describe_scopes(operation, route)
        headers.document(operation, method, is_limited=route.path.startswith("/api/"))
    _rename_path_parameters(document)
    _retitle(document)
    add_examples(document)


def _drop_validation_errors(document: Document) -> None:
    """FastAPI's own response to a request that does not validate is never given here."""
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _operations(document: Document, routes: Sequence[BaseRoute]) -> Iterator[tuple[APIRoute, str, Operation]]:
    for route in routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield route, method, document["paths"][route.path_format][method.lower()]


def _describe_scopes(operation: Operation, route: APIRoute) -> None:
    """Alternatives of `security`, the extension `x-required-scope`, and a sentence for readers."""
    scopes = required_scopes(route.dependant)
    needs_token = bool(operation.get("security"))
    operation["security"] = [{SCHEME: [scope]} for scope in scopes or ()] or (
        [{SCHEME: []}] if needs_token else []
    )
    operation["x-required-scope"] = list(scopes)
    described = operation.get("description", "")
    operation["description"] = f"{described}\n\n{_scope_sentence(scopes, needs_token=needs_token)}".strip()


def _scope_sentence(scopes: Sequence[str], *, needs_token: bool) -> str:
    if scopes:
        return f"Required scope: {' or '.join(f'`{scope}`' for scope in scopes)}."
    return "Required scope: none; any valid token." if needs_token else "No token is needed."


def _rename_path_parameters(document: Document) -> None:
    """Path parameters are camelCase as everything else; their names are never sent."""
    renamed = {}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter.get("in") == "path":
                    parameter["name"] = to_camel(parameter["name"])
        renamed[PATH_PARAMETER.sub(lambda found: f"{{{to_camel(found[1])}}}", path)] = operations
    document["paths"] = renamed


def _rename_schemas(document: Document) -> None:
    schemas = document["components"]["schemas"]
    names = {name: short_name(name) for name in schemas}
    document["components"]["schemas"] = {
        names[name]: _described(name, each) for name, each in schemas.items()
    }
    _replace_references(document, {f"{REFERENCE}{old}": f"{REFERENCE}{new}" for old, new in names.items()})


def _described(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    wrapper = WRAPPERS.get(name.partition("_")[0])
    return {"description": wrapper, **schema} if wrapper else schema


def _retitle(document: Document) -> None:
    """A component is titled by its name; titles made from the names of properties say nothing."""
    _drop_titles(document["paths"])
    for name, schema in document["components"]["schemas"].items():
        _drop_titles(schema)
        schema["title"] = name


def _drop_titles(node: object) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("title"), str) and {"type", "anyOf", "oneOf", "$ref", "const"} & set(node):
            del node["title"]
        for name, value in node.items():
            if name not in ("example", "examples"):
                _drop_titles(value)
    elif isinstance(node, list):
        for value in node:
            _drop_titles(value)


def _replace_references(node: object, references: Mapping[str, str]) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            node["$ref"] = references.get(node["$ref"], node["$ref"])
        for value in node.values():
            _replace_references(value, references)
    elif isinstance(node, list):
        for value in node:
            _replace_references(value, references)
