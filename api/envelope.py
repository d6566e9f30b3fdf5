"""What every answer is wrapped in: `{success, data, timestamp}`, or `{success: false, error, code, …}`."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.schemas.base import Schema, Timestamp
from foundation.clock import system_clock
from foundation.errors import Code

Answer = TypeVar("Answer")


class Envelope(BaseModel, Generic[Answer]):
    """What is inside keeps the names it has."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)

    success: Literal[True] = True
    data: Answer
    timestamp: Timestamp = Field(default_factory=system_clock)


class FieldError(Schema):
    field: str
    message: str
    """What would be right."""


class Failure(Schema):
    model_config = ConfigDict(json_schema_extra={"required": ["success", "error", "code", "timestamp"]})

    success: Literal[False] = False
    error: str
    """A sentence for the customer."""
    code: Code
    details: list[FieldError] | dict[str, Any] | None = None
    timestamp: Timestamp = Field(default_factory=system_clock)


def failed(status: int, failure: Failure, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = failure.model_dump(mode="json", by_alias=True, exclude_none=True)
    return JSONResponse(body, status_code=status, headers=headers)
