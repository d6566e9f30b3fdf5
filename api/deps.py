"""What a route asks for: the house, who is calling, and whether they may."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Header, Path, Security
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPBearer

from api.address import address_of
from api.containers import House
from api.middleware.idempotency import KEY_EXPECTED, KEY_HEADER, KEY_PATTERN
from api.shapes import Id, Like
from commerce.fraud.models import RequestFingerprint
from foundation.auth import Principal
from foundation.errors import Forbidden, ShopError, Unauthorized

LONGEST_DEVICE = 300
IdempotencyKey = Annotated[str, Like(KEY_PATTERN, KEY_EXPECTED)]

PathId = Annotated[Id, Path()]
bearer = HTTPBearer(auto_error=False, description="A token from `POST /api/auth/guest` or `livhana token`.")


class SignInFirst(Unauthorized):
    def __init__(self) -> None:
        super().__init__("Please sign in first.")


class NotAllowed(Forbidden):
    def __init__(self, scope: str) -> None:
        super().__init__("Your account may not do this.", {"scope": scope})


class SomeoneElses(Forbidden):
    def __init__(self) -> None:
        super().__init__("This belongs to another customer.")


async def house(connection: HTTPConnection) -> House:
    found: House = connection.app.state.house
    return found


async def caller(connection: HTTPConnection, _: Annotated[object, Security(bearer)]) -> Principal:
    """Whom the token speaks for, as the identity middleware found it; its session is seen now and then."""
    found: Principal | ShopError | None = connection.scope["state"].get("caller")
    if isinstance(found, ShopError):
        raise found
    if found is None:
        raise SignInFirst
    sessions = connection.app.state.house.access.sessions
    if sessions.noticed(found.token_id):
        await anyio.to_thread.run_sync(sessions.saw, found.token_id)
    return found


async def fingerprint(connection: HTTPConnection) -> RequestFingerprint:
    """Where a purchase comes from, for fraud to compare."""
    return RequestFingerprint(
        ip=address_of(connection.scope),
        device=connection.headers.get("user-agent", "")[:LONGEST_DEVICE],
    )


TheHouse = Annotated[House, Depends(house)]
TheFingerprint = Annotated[RequestFingerprint, Depends(fingerprint)]
Caller = Annotated[Principal, Depends(caller)]


def require(scope: str) -> Callable[[Caller], Awaitable[Principal]]:
    async def allowed(principal: Caller) -> Principal:
        if scope not in principal.scopes:
            raise NotAllowed(scope)
        return principal

    return allowed


Visitor = Annotated[Principal, Depends(require("shop:read"))]
Customer = Annotated[Principal, Depends(require("own:read"))]
Owner = Annotated[Principal, Depends(require("own:write"))]
Staff = Annotated[Principal, Depends(require("staff:read"))]
Manager = Annotated[Principal, Depends(require("shop:manage"))]
Refunder = Annotated[Principal, Depends(require("money:refund"))]
Compliance = Annotated[Principal, Depends(require("compliance"))]
Admin = Annotated[Principal, Depends(require("admin"))]
Recorder = Annotated[Principal, Depends(require("memory:record"))]


async def readable(customer_id: PathId, principal: Caller) -> str:
    """The customer named in the path, when it is the caller or the caller is staff."""
    return _own(customer_id, principal, scope="own:read", but="staff:read")


async def forgettable(customer_id: PathId, principal: Caller) -> str:
    """The customer named in the path, when it is the caller or the caller is an admin."""
    return _own(customer_id, principal, scope="own:write", but="admin")


def _own(customer_id: str, principal: Principal, *, scope: str, but: str) -> str:
    """`but` is the scope of those who may do it for any customer."""
    if but in principal.scopes:
        return customer_id
    if scope not in principal.scopes:
        raise NotAllowed(scope)
    if customer_id != principal.id:
        raise SomeoneElses
    return customer_id


ForgettableCustomer = Annotated[str, Depends(forgettable)]
ReadableCustomer = Annotated[str, Depends(readable)]


async def money_key(
    principal: Owner,
    key: Annotated[
        IdempotencyKey,
        Header(
            alias=KEY_HEADER,
            description="Names this payment: sent again with the same key, nothing is charged twice.",
        ),
    ],
) -> str:
    """The caller's own key, so that no two customers share one."""
    return f"{principal.id}:{key}"


MoneyKey = Annotated[str, Depends(money_key)]
