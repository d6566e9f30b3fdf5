"""What the arguments of a tool are, read from its JSON schema and the `x-` keys of its slots."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tools.base import Tool

FREE = ("words", "said", "question", "query", "topic", "reason", "in_all")
"""Kinds of slots that any words would fill."""
LOWER, UPPER, EXCEPT = (
    ("min", "from"),
    ("max", "up"),
    ("without", "exclude", "excluding", "except", "not", "avoid"),
)


@dataclass(frozen=True)
class Slot:
    name: str
    kind: str
    """`words`, `money`, `count`, `choice`, the kind of a named thing, or a word of the tool's own."""
    type: str
    ask: str
    is_required: bool
    choices: tuple[str, ...] = ()
    is_list: bool = False
    longest: int = 2_000
    default: Any = None
    id_prefix: str = ""
    """How the ids of such things begin: `ord_…` is that of an order."""
    is_unwanted: bool = False
    """Names what the customer has and refuses; what it is will do, such as `grinder`."""

    @property
    def is_lower_bound(self) -> bool:
        return self.name.startswith(LOWER)

    @property
    def is_upper_bound(self) -> bool:
        return self.name.startswith(UPPER)

    @property
    def excludes(self) -> bool:
        return self.name.startswith(EXCEPT)


@lru_cache(maxsize=256)
def slots(tool: Tool) -> tuple[Slot, ...]:
    definitions = tool.schema.get("$defs", {})
    required = tool.schema.get("required", ())
    properties = tool.schema.get("properties", {})
    return tuple(_slot(name, each, definitions, name in required) for name, each in properties.items())


def of_kind(tool: Tool, kind: str) -> list[Slot]:
    return [slot for slot in slots(tool) if slot.kind == kind]


def find(tool: Tool, kind: str) -> Slot | None:
    return next(iter(of_kind(tool, kind)), None)


def _slot(name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any], required: bool) -> Slot:  # noqa: FBT001 - private
    plain = _plain(schema, definitions)
    items = _plain(plain.get("items", {}), definitions)
    choices = tuple(str(each) for each in plain.get("enum", items.get("enum", ())))
    kind = schema.get("x-slot") or ("choice" if choices else "words")
    return Slot(
        name=name,
        kind=kind,
        type=str(plain.get("type", "string")),
        ask=str(schema.get("x-ask", "")),
        is_required=required,
        choices=choices,
        is_list=plain.get("type") == "array",
        longest=int(plain.get("maxLength", 2_000)),
        default=schema.get("default"),
        id_prefix=str(schema.get("x-id", "")),
        is_unwanted=bool(schema.get("x-unwanted")),
    )


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself where it only points to another, or allows null beside it."""
    if "$ref" in schema:
        return _plain(definitions.get(schema["$ref"].rsplit("/", 1)[-1], {}), definitions)
    if "const" in schema:
        return {"type": "string", "enum": [schema["const"]]}
    branches = [_plain(each, definitions) for each in (*schema.get("anyOf", ()), *schema.get("allOf", ()))]
    chosen = next((each for each in branches if each.get("type") != "null"), None)
    # A Decimal is a number or its text: the number is what a rule can fill in.
    number = next((each for each in branches if each.get("type") in ("number", "integer")), None)
    return number or chosen or schema
