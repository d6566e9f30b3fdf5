"""Scopes that a route requires of its caller."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Path, Security
from fastapi.dependencies.models import Dependant
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPBearer

from api.schemas.base import Id
from foundation.auth import Principal
from foundation.errors import Forbidden, ShopError, Unauthorized

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="A token from `POST /api/auth/guest`, `POST /api/auth/sign-in` or `livhana token`. "
    "The scopes of a token follow from the role of its owner.",
)


class SignInFirst(Unauthorized):
    def __init__(self) -> None:
        super().__init__("Please sign in first.")


class NotAllowed(Forbidden):
    def __init__(self, scope: str) -> None:
        super().__init__("Your account may not do this.", {"scope": scope})


class SomeoneElses(Forbidden):
    def __init__(self) -> None:
        super().__init__("This belongs to another customer.")


async def caller(connection: HTTPConnection, _: Annotated[object, Security(bearer)]) -> Principal:
    """The principal of the token, as the identity middleware found it; the session's last use is recorded."""
    found: Principal | ShopError | None = connection.scope["state"].get("caller")
    if isinstance(found, ShopError):
        raise found
    if found is None:
        raise SignInFirst
    sessions = connection.app.state.container.commerce.customers.access.sessions
    if sessions.noticed(found.token_id):
        await anyio.to_thread.run_sync(sessions.saw, found.token_id)
    return found


Caller = Annotated[Principal, Depends(caller)]
CustomerId = Annotated[Id, Path(description="Id of the customer.", examples=["cus_demo"])]


@dataclass(frozen=True)
class Requires:
    """Dependency on a caller who holds at least one of the scopes."""

    scopes: tuple[str, ...]

    async def __call__(self, principal: Caller) -> Principal:
        if not principal.scopes.intersection(self.scopes):
            raise NotAllowed(self.scopes[0])
        return principal


@dataclass(frozen=True)
class RequiresOwnOr:
    """Dependency on the customer in the path: the caller, or anybody for the holder of another scope."""

    own: str
    any_customer: str

    @property
    def scopes(self) -> tuple[str, ...]:
        return (self.own, self.any_customer)

    async def __call__(self, customer_id: CustomerId, principal: Caller) -> str:
        if self.any_customer in principal.scopes:
            return customer_id
        if self.own not in principal.scopes:
            raise NotAllowed(self.own)
        if customer_id != principal.id:
            raise SomeoneElses
        return customer_id


def require(*scopes: str) -> Requires:
    """Any one of the scopes is enough."""
    return Requires(scopes)


def required_scopes(dependant: Dependant) -> tuple[str, ...]:
    """What the dependencies of a route require; alternatives, of which one is enough."""
    return next(_required(dependant), ())


def _required(dependant: Dependant) -> Iterator[tuple[str, ...]]:
    if isinstance(dependant.call, Requires | RequiresOwnOr):
        yield dependant.call.scopes
    for each in dependant.dependencies:
        yield from _required(each)


Visitor = Annotated[Principal, Depends(require("shop:read"))]
Customer = Annotated[Principal, Depends(require("own:read"))]
Owner = Annotated[Principal, Depends(require("own:write"))]
CustomerOrStaff = Annotated[Principal, Depends(require("own:read", "staff:read"))]
Staff = Annotated[Principal, Depends(require("staff:read"))]
Manager = Annotated[Principal, Depends(require("shop:manage"))]
Refunder = Annotated[Principal, Depends(require("money:refund"))]
Compliance = Annotated[Principal, Depends(require("compliance"))]
ComplianceOrRefunder = Annotated[Principal, Depends(require("compliance", "money:refund"))]
Admin = Annotated[Principal, Depends(require("admin"))]
Recorder = Annotated[Principal, Depends(require("memory:record"))]

ForgettableCustomer = Annotated[str, Depends(RequiresOwnOr("own:write", "admin"))]
ReadableCustomer = Annotated[str, Depends(RequiresOwnOr("own:read", "staff:read"))]


async def own_id(customer_id: CustomerId, principal: Owner) -> str:
    """The customer in the path, who must be the caller."""
    if customer_id != principal.id:
        raise SomeoneElses
    return customer_id


OwnId = Annotated[str, Depends(own_id)]
