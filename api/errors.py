"""Turns errors into responses: code, HTTP status, and a sentence without internals."""

import re
from collections.abc import Mapping
from math import ceil
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic.alias_generators import to_camel
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from api.envelope import Failure, FieldError, failed, failure_example
from api.schemas.records import on_the_wire
from foundation.errors import Code, ShopError
from foundation.log import logger

STATUS: Mapping[Code, int] = {
    "INVALID_INPUT": 400,
    "UNAUTHORIZED": 401,
    "PAYMENT_DECLINED": 402,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "RATE_LIMITED": 429,
    "DATABASE_ERROR": 500,
    "INTERNAL_ERROR": 500,
    "UNAVAILABLE": 503,
    "GATEWAY_TIMEOUT": 504,
}
EXAMPLES: Mapping[Code, str] = {
    "INVALID_INPUT": "tier: Input should be 'BRONZE', 'SILVER' or 'GOLD'.",
    "UNAUTHORIZED": "Please sign in first.",
    "PAYMENT_DECLINED": "The card ending 0002 was declined. Please use a different card.",
    "FORBIDDEN": "Your account may not do this.",
    "NOT_FOUND": "There is no such resource.",
    "CONFLICT": "You already have an active membership.",
    "RATE_LIMITED": "Too many requests. Please try again in 20 seconds.",
    "DATABASE_ERROR": "Our records are not available right now. Please try again.",
    "INTERNAL_ERROR": "Something went wrong on our side. Please try again.",
    "UNAVAILABLE": "This is not available right now. Please try again later.",
    "GATEWAY_TIMEOUT": "The card processor did not answer in time. You have not been charged twice.",
}
METHOD_NOT_ALLOWED = 405
"""The only status without a code of its own."""
MOST_FIELDS = 10
LONGEST_FIELD = 80
JSON = re.compile(r"application/([\w.-]+\+)?json\b", re.IGNORECASE)
log = logger(__name__)


def refusals(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The failures that a route can answer with, for its `responses`."""
    declared: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        content = {"application/json": {"example": failure_example(code, EXAMPLES[code])}}
        declared[STATUS[code]] = {"model": Failure, "description": code, "content": content}
    return declared


def translate(error: Exception) -> JSONResponse:
    """The response to a request that ended in this error; an unexpected one is logged."""
    if isinstance(error, ShopError):
        return _refused(error)
    if isinstance(error, RequestValidationError):
        return _invalid([_field(each) for each in error.errors()])
    if isinstance(error, HTTPException):
        return _unroutable(error)
    database = isinstance(error, SQLAlchemyError | psycopg.Error)
    code: Code = "DATABASE_ERROR" if database else "INTERNAL_ERROR"
    log.error("request_failed", code=code, error=type(error).__name__, exc_info=error)
    return failed(STATUS[code], Failure(error=EXAMPLES[code], code=code))


def install(app: FastAPI) -> None:
    async def answer(_: Request, error: Exception) -> JSONResponse:
        return translate(error)

    async def answer_invalid(request: Request, error: Exception) -> JSONResponse:
        sent = request.headers.get("content-type", "")
        has_body = request.headers.get("content-length") != "0"
        if (
            has_body
            and isinstance(error, RequestValidationError)
            and _wants_json(error)
            and not JSON.match(sent)
        ):
            return _invalid([FieldError(field="Content-Type", message="send JSON as application/json")])
        return translate(error)

    async def answer_unroutable(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED:
            error.headers = _allowed(request) or error.headers
        return translate(error)

    app.add_exception_handler(ShopError, answer)
    app.add_exception_handler(HTTPException, answer_unroutable)
    app.add_exception_handler(RequestValidationError, answer_invalid)


def _refused(error: ShopError) -> JSONResponse:
    headers = {}
    if error.code == "UNAUTHORIZED":
        headers["WWW-Authenticate"] = "Bearer"
    if (seconds := getattr(error, "retry_after_seconds", None)) is not None:
        headers["Retry-After"] = str(ceil(seconds))
    failure = Failure(error=str(error), code=error.code, details=_details(error))
    return failed(STATUS[error.code], failure, headers=headers)


def _details(error: ShopError) -> list[FieldError] | dict[str, Any] | None:
    """A refusal of one field has the same details as an invalid body."""
    if isinstance(field := error.details.get("field"), str):
        named = to_camel(field) if "_" in field else field
        return [FieldError(field=named, message=str(error.details.get("expected") or error))]
    return on_the_wire(error.details) or None


def _field(error: Mapping[str, Any]) -> FieldError:
    """The field and what is expected there; never what was sent."""
    if error["type"] == "json_invalid":
        return FieldError(field="body", message=f"JSON is broken at character {error['loc'][-1]}")
    place, *names = map(str, error["loc"])
    if place == "path":
        names = [to_camel(name) for name in names]
    field = ".".join(names)[:LONGEST_FIELD] or place
    return FieldError(field=field, message=error["msg"].removeprefix("Value error, "))


def _wants_json(error: RequestValidationError) -> bool:
    """Whether the body as a whole was not parsed as JSON."""
    return any(each["loc"] == ("body",) for each in error.errors())


def _invalid(fields: list[FieldError]) -> JSONResponse:
    first = fields[0]
    failure = Failure(
        error=f"{first.field}: {first.message}.", code="INVALID_INPUT", details=fields[:MOST_FIELDS]
    )
    return failed(STATUS["INVALID_INPUT"], failure)


def _allowed(request: Request) -> dict[str, str]:
    """All methods that the document has for the path; the router names those of its first route only."""
    for template, operations in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.scope["path"]):
            return {"Allow": ", ".join(sorted(map(str.upper, operations)))}
    return {}


def _unroutable(error: HTTPException) -> JSONResponse:
    """What the framework refuses: an unknown path, a method it does not have, an unreadable body."""
    if error.status_code == STATUS["NOT_FOUND"]:
        failure = Failure(error=EXAMPLES["NOT_FOUND"], code="NOT_FOUND")
        return failed(error.status_code, failure)
    if error.status_code == METHOD_NOT_ALLOWED:
        headers = {"Allow": "GET, HEAD", **(error.headers or {})}
        failure = Failure(error=f"This path supports {headers['Allow']} only.", code="INVALID_INPUT")
        return failed(METHOD_NOT_ALLOWED, failure, headers=headers)
    return _invalid([FieldError(field="body", message="send JSON in UTF-8")])
