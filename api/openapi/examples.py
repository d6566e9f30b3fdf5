"""Examples for a JSON schema: what the schema gives itself, completed from the types of its properties."""

from collections.abc import Iterator, Mapping
from typing import Any

Schemas = Mapping[str, dict[str, Any]]
JsonSchema = Mapping[str, Any]
FORMATS = {"date": "2026-03-01", "date-time": "2026-03-01T12:00:00.000Z"}
NULL = {"type": "null"}
PLAIN = {"boolean": True, "number": 0.5, "null": None}


def add_examples(document: dict[str, Any]) -> None:
    """To each schema of an object, and to each body of a request or a successful response."""
    schemas = document["components"]["schemas"]
    examples = Examples(schemas)
    for name, schema in schemas.items():
        if "properties" in schema:
            schema["example"] = examples.of(schema, at=name)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for content in _bodies(operation):
                if "schema" in content and "example" not in content:
                    content["example"] = examples.of(content["schema"], at=path)


def _bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from response.get("content", {}).values()


class NoExample(ValueError):
    """Neither the schema nor its type says what an example would be."""


class Examples:
    """Writes examples of schemas that may refer to the document's components."""

    def __init__(self, components: Schemas) -> None:
        self._components = components

    def of(self, schema: JsonSchema, *, at: str = "") -> Any:  # noqa: ANN401 - any JSON value
        if "$ref" in schema:
            return self.of(self._components[schema["$ref"].rsplit("/", 1)[1]], at=at)
        if schema.get("type") == "object" and "properties" in schema:
            return self._object(schema, at=at)
        given = _given(schema)
        return given[0] if given else self._typed(schema, at=at)

    def _object(self, schema: JsonSchema, *, at: str) -> dict[str, Any]:
        given = dict(schema.get("example") or {})
        missing = [name for name in schema["properties"] if name not in given]
        completed = {name: self._property(schema["properties"][name], at=f"{at}.{name}") for name in missing}
        whole = {**completed, **given}
        return {name: whole[name] for name in schema["properties"]}

    def _property(self, schema: JsonSchema, *, at: str) -> Any:  # noqa: ANN401 - any JSON value
        """One that may be null is null when its type does not say what an example would be."""
        try:
            return self.of(schema, at=at)
        except NoExample:
            if NULL in schema.get("anyOf", ()):
                return None
            raise

    def _typed(self, schema: JsonSchema, *, at: str) -> Any:  # noqa: ANN401 - any JSON value
        for key in ("oneOf", "anyOf", "allOf"):
            if key in schema:
                return self.of(next(each for each in schema[key] if each.get("type") != "null"), at=at)
        match schema.get("type"):
            case "array":
                items = schema["prefixItems"] if "prefixItems" in schema else [schema.get("items", {})]
                return [self.of(each, at=f"{at}[]") for each in items]
            case "object":
                return self._mapping(schema, at=at)
            case "integer":
                return max(1, int(schema.get("minimum", 1)))
        return _plain(schema, at=at)

    def _mapping(self, schema: JsonSchema, *, at: str) -> dict[str, Any]:
        values = schema.get("additionalProperties")
        if not isinstance(values, Mapping) or "propertyNames" not in schema:
            return {}
        return {self.of(schema["propertyNames"], at=at): self.of(values, at=at)}


def _given(schema: JsonSchema) -> list[Any]:
    """What the schema itself names: an example, the only value, the first of a few."""
    if "example" in schema:
        return [schema["example"]]
    if "const" in schema:
        return [schema["const"]]
    return list(schema.get("examples") or schema.get("enum") or ())


def _plain(schema: JsonSchema, *, at: str) -> Any:  # noqa: ANN401 - any JSON value
    if schema.get("type") in PLAIN:
        return PLAIN[schema["type"]]
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    raise NoExample(at)
