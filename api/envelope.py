"""The wrapper of every response: `{success, data, timestamp}`, or `{success: false, error, code, …}`."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.schemas.base import EXAMPLE_MOMENT, Schema, Timestamp, example
from foundation.clock import system_clock
from foundation.errors import Code

Content = TypeVar("Content")


class _Success(BaseModel):
    """Descriptions are in `Field`: a parametrised generic has no source to read docstrings from."""

    model_config = ConfigDict(
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        json_schema_serialization_defaults_required=True,
    )

    success: Annotated[Literal[True], Field(description="Always true.")] = True
    timestamp: Annotated[Timestamp, Field(description="Time of the response.")] = Field(
        default_factory=system_clock
    )


class Envelope(_Success, Generic[Content]):
    """A successful response."""

    data: Annotated[Content, Field(description="The result.")]


class Page(_Success, Generic[Content]):
    """One page of a list."""

    data: Annotated[list[Content], Field(description="The items of this page, in the order of the list.")]
    next_cursor: Annotated[
        str | None,
        Field(
            alias="nextCursor",
            description="`cursor` of the next page; null on the last one.",
            examples=["WyJvcmRlcnMiXQ"],
        ),
    ]


class FieldError(Schema):
    """What is wrong with one field of the request."""

    model_config = example(field="tier", message="Input should be 'BRONZE', 'SILVER' or 'GOLD'")

    field: str
    """Path of the field in the request."""
    message: str
    """What is expected there."""


class Failure(Schema):
    """A refused or failed request."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["success", "error", "code", "timestamp"],
            "example": {"error": "Please sign in first.", "code": "UNAUTHORIZED"},
        }
    )

    success: Literal[False] = False
    """Always false."""
    error: str
    """A sentence that may be shown to the customer."""
    code: Code
    """Machine-readable kind of the failure."""
    details: list[FieldError] | dict[str, Any] | None = None
    """The fields that are wrong, or values that belong to the refusal."""
    timestamp: Timestamp = Field(default_factory=system_clock)
    """Time of the response."""


def failed(status: int, failure: Failure, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = failure.model_dump(mode="json", by_alias=True, exclude_none=True)
    return JSONResponse(body, status_code=status, headers=headers)


def failure_example(code: Code, error: str) -> dict[str, Any]:
    return {"success": False, "error": error, "code": code, "timestamp": EXAMPLE_MOMENT}
