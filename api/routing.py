"""Routers of the API: short operation ids, and query parameters that are not declared are refused."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.requests import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from foundation.errors import Invalid

LONGEST_NAME = 40
Responses = Mapping[int | str, dict[str, Any]]


class UnknownParameter(Invalid):
    def __init__(self, name: str, known: list[str]) -> None:
        shown = name[:LONGEST_NAME]
        names = ", ".join(f"`{each}`" for each in known)
        expected = f"one of {names}" if known else "no query parameters"
        super().__init__(
            f"Unknown query parameter `{shown}`: expected {expected}.", {"field": shown, "expected": expected}
        )


class StrictRoute(APIRoute):
    """A route that refuses query parameters it does not declare."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = query_names(self.dependant)

        async def refuse_unknown(request: Request) -> Response:
            for name in request.query_params:
                if name not in known:
                    raise UnknownParameter(name, known)
            return await handle(request)

        return refuse_unknown


def query_names(dependant: Dependant) -> list[str]:
    """Names of the query parameters of a route and its dependencies."""
    own = [name for field in dependant.query_params for name in _names(field)]
    return own + [name for each in dependant.dependencies for name in query_names(each)]


def _names(field: ModelField) -> list[str]:
    """A schema in the query string has a parameter for each field."""
    model = field.field_info.annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [each.alias or name for name, each in model.model_fields.items()]
    return [field.alias]


def operation_id(route: APIRoute) -> str:
    return to_camel(route.name)


def api_router(*, prefix: str = "", tag: str, responses: Responses | None = None) -> APIRouter:
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        responses=dict(responses or {}),
        route_class=StrictRoute,
        generate_unique_id_function=operation_id,
    )
