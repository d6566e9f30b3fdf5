"""Typed payloads: a frozen dataclass becomes the JSON of an outbox row, and a row becomes a dataclass again.

A row names its topic only, so each subscriber says which types it reads; where a topic has several,
a field distinguishes them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar, Union

from pydantic import Field as Constraint
from pydantic import TypeAdapter, ValidationError


class Payload(Protocol):
    """A frozen dataclass whose class names its topic."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    topic: ClassVar[str]


P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", covariant=True)
Decode = Callable[[str, Mapping[str, Any]], P_co]
"""Topic and document to payload. Raises MalformedPayload."""


class MalformedPayload(Exception):
    """The document fits no type of its topic. The sentence names fields, but never holds a value."""


class Decoder(Generic[P]):
    """Reads the documents of the topics of the given types."""

    def __init__(self, *types: type[P], discriminator: str | None = None) -> None:
        """`discriminator`: the field, a Literal in each type, that decides between types of one topic."""
        self._types: dict[str, list[type[P]]] = defaultdict(list)
        for each in types:
            self._types[each.topic].append(each)
        self._discriminator = discriminator

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._types)

    def __call__(self, topic: str, document: Mapping[str, Any]) -> P:
        adapter = self._adapters.get(topic)
        if adapter is None:
            raise MalformedPayload(f"No payload type is registered for the topic {topic}.")
        try:
            return adapter.validate_python(document)
        except ValidationError as error:
            raise MalformedPayload(_sentence(topic, error)) from None

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[P]]:
        return {topic: TypeAdapter(self._union(types)) for topic, types in self._types.items()}

    def _union(self, types: Sequence[type[P]]) -> Any:  # noqa: ANN401 - a type made at run time has no name
        if len(types) == 1:
            return types[0]
        return Annotated[Union[tuple(types)], Constraint(discriminator=self._discriminator)]  # noqa: UP007


def as_document(_topic: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The decoder of a subscriber that passes documents on as they are."""
    return document


def document(payload: Payload) -> dict[str, Any]:
    """The payload as JSON has it."""
    return {each.name: _plain(getattr(payload, each.name)) for each in fields(payload)}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    return _plain_parts(value) if not isinstance(value, str | int | float | None) else value


def _plain_parts(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_plain(each) for each in value]
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}  # type: ignore[arg-type]


def _sentence(topic: str, error: ValidationError) -> str:
    faults = [
        f"{'.'.join(str(part) for part in each['loc']) or topic}: {_fault(each)}"
        for each in error.errors(include_input=False, include_url=False)
    ]
    return f"The payload does not fit its topic {topic}: {'; '.join(faults)}."


def _fault(details: Mapping[str, Any]) -> str:
    if details["type"] == "union_tag_invalid":
        return f"No type is registered for this {details['ctx']['discriminator']}"
    return str(details["msg"])
