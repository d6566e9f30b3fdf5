"""Verifies the token once for each request; the route decides whether one is needed."""

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from foundation.auth import Principal, Tokens
from foundation.errors import Unauthorized


class NotBearer(Unauthorized):
    def __init__(self) -> None:
        super().__init__("Send the token as `Authorization: Bearer <token>`.")


class Identity:
    """Sets `caller` in the request's state: a Principal, the Unauthorized to raise, or None."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope.setdefault("state", {})["caller"] = await self._caller(Headers(scope=scope))
        await self._app(scope, receive, send)

    async def _caller(self, headers: Headers) -> Principal | Unauthorized | None:
        given = headers.get("authorization")
        if given is None:
            return None
        kind, _, token = given.partition(" ")
        if kind.lower() != "bearer":
            return NotBearer()
        try:
            # In a thread: it may read the revocations from the ledger.
            return await anyio.to_thread.run_sync(self._tokens.verify, token.strip())
        except Unauthorized as refusal:
            return refusal
