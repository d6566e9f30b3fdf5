"""How values look in a request or an answer: camelCase names, dollars, times in UTC, text of a known form."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from foundation.money import Money

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
DAY_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
AMOUNT_PATTERN = r"^[0-9]{1,7}(\.[0-9]{1,2})?$"
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half a character, which JSON can spell and nothing can store."""
PLAIN_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"


class Schema(BaseModel):
    """Something in a body; it holds nothing that was not asked for."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        from_attributes=True,
        extra="forbid",
        frozen=True,
        json_schema_serialization_defaults_required=True,
    )


@dataclass(frozen=True)
class Matching:
    """Text of this form; what is expected is said in words, not as a pattern."""

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


def _written_day(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(DAY_PATTERN, given):
        raise ValueError("expected a day such as 1990-05-01")
    return given


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _dollars(amount: Money) -> float:
    """JSON knows no other number; the float nearest to two decimals is written with those two."""
    return float(amount.dollars)


Id = Annotated[str, Matching(ID_PATTERN, "an id: letters, digits, - and _, at most 64")]
PlainText = Annotated[str, Matching(PLAIN_TEXT, "text without control characters")]
Amount = Annotated[str, Matching(AMOUNT_PATTERN, "dollars with at most two decimals, such as 47.00")]
"""Money in a query string."""
Day = Annotated[date, BeforeValidator(_written_day)]
Timestamp = Annotated[
    datetime,
    PlainSerializer(_iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-01T12:00:00.000Z"]}),
]
Dollars = Annotated[
    Money,
    PlainSerializer(_dollars, return_type=float),
    WithJsonSchema({"type": "number", "description": "dollars, two decimals", "examples": [47.00]}),
]
