"""Base class of every schema, and the field types that schemas share."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
DAY_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT_PATTERN = rf"{DAY_PATTERN}T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]+)?)?(Z|[+-][0-9]{{2}}:[0-9]{{2}})"
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half of a character: JSON can spell it, and no store can hold it."""
PLAIN_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
EXAMPLE_MOMENT = "2026-03-01T12:00:00.000Z"


class Schema(BaseModel):
    """Part of a request or a response: camelCase on the wire, unknown properties are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        from_attributes=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


def example(**properties: JsonValue) -> ConfigDict:
    """An example of the schema; properties that are left out are completed from their types."""
    return ConfigDict(json_schema_extra={"example": properties})


@dataclass(frozen=True)
class Matching:
    """Text that matches a pattern; the error says what is expected in words."""

    pattern: str
    expected: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, text: str) -> str:
        if not re.search(self.pattern, text) or LONE_SURROGATE.search(text):
            raise ValueError(f"expected {self.expected}")
        return text


def utc_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written_day(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(DAY_PATTERN, given):
        raise ValueError("expected a day such as 1990-05-01")
    return given


def _written_moment(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(MOMENT_PATTERN, given):
        raise ValueError("expected a time with its offset, such as 2026-03-01T12:00:00Z")
    return given


Id = Annotated[str, Matching(ID_PATTERN, "an id: letters, digits, - and _, at most 64")]
PlainText = Annotated[str, Matching(PLAIN_TEXT, "text without control characters")]
Day = Annotated[date, BeforeValidator(_written_day), Field(examples=["1990-05-01"])]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment), Field(examples=["2026-03-01T12:00:00Z"])]
"""A time in a request, with its offset."""
Timestamp = Annotated[
    datetime,
    PlainSerializer(utc_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": [EXAMPLE_MOMENT]}),
]
"""A time in a response, in UTC."""
