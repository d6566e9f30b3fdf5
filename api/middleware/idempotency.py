"""A request with an `Idempotency-Key` is carried out once; repeated, it gets the stored response."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.body import first
from foundation.auth import Principal
from foundation.crypto import LookupDigest
from foundation.errors import Invalid
from foundation.idempotency import RENEWED_EVERY, Answer, Fresh, IdempotencyKeys, Replay
from foundation.log import logger

KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = r"^[A-Za-z0-9_.:-]{8,128}$"
KEY_EXPECTED = "a key of 8 to 128 letters, digits and _ . : -"
REPLAYED = "Idempotency-Replayed"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that a key is read with; any other either changes nothing or is not allowed."""
EVENTS = "text/event-stream"
JSON = "application/json"
AGAIN = frozenset({429, *range(500, 600)})
"""Statuses that a repeated request may not get again."""
log = logger(__name__)


class BadKey(Invalid):
    def __init__(self) -> None:
        super().__init__(
            f"{KEY_HEADER}: expected {KEY_EXPECTED}.", {"field": KEY_HEADER, "expected": KEY_EXPECTED}
        )


class Idempotency:
    """For callers with a token, on every method that changes something; event streams are not stored.

    It runs inside the body limit, so that the body arrives as one message.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: IdempotencyKeys,
        digests: LookupDigest,
        renewed_every: timedelta = RENEWED_EVERY,
    ) -> None:
        self._app = app
        self._keys = keys
        self._digests = digests
        self._renewed_every = renewed_every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in CHANGING:
            await self._app(scope, receive, send)
            return
        headers, caller = Headers(scope=scope), scope["state"].get("caller")
        key = headers.get(KEY_HEADER)
        if key is not None and not re.fullmatch(KEY_PATTERN, key):
            raise BadKey
        is_stream = EVENTS in headers.get("accept", "")
        if key is None or not isinstance(caller, Principal) or is_stream or not _has_route(scope):
            await self._app(scope, receive, send)
            return
        request = await receive()
        if request["type"] == "http.request":
            digest = self._digest(scope, request["body"])
            claim = await anyio.to_thread.run_sync(self._keys.claim, caller.id, key, digest)
            if isinstance(claim, Replay):
                await _replayed(claim.answer)(scope, receive, send)
            else:
                await self._carry_out(claim, scope, first(request, then=receive), send)

    async def _carry_out(self, claim: Fresh, scope: Scope, receive: Receive, send: Send) -> None:
        """The response is stored before it is sent, so that a client that has seen it sees it again."""
        buffered = _BufferedResponse(send)
        try:
            async with self._renewing(claim):
                await self._app(scope, receive, buffered)
        except Exception:
            await anyio.to_thread.run_sync(self._keys.release, claim)
            raise
        answer = buffered.answer()
        if answer is None:
            await anyio.to_thread.run_sync(self._keys.release, claim)
        else:
            await anyio.to_thread.run_sync(self._keys.complete, claim, answer)
        await buffered.send_all()

    @asynccontextmanager
    async def _renewing(self, claim: Fresh) -> AsyncIterator[None]:
        """Renew the claim, so that it lapses within seconds only when its process dies."""
        renewing = asyncio.create_task(self._renew(claim))
        try:
            yield
        finally:
            renewing.cancel()

    async def _renew(self, claim: Fresh) -> None:
        while True:
            await asyncio.sleep(self._renewed_every.total_seconds())
            try:
                await anyio.to_thread.run_sync(self._keys.renew, claim)
            except SQLAlchemyError:
                log.warning("idempotency_claim_not_renewed")

    def _digest(self, scope: Scope, body: bytes) -> str:
        """A keyed digest, since a body may hold personal data."""
        line = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}"
        return self._digests.digest("idempotency", f"{line}\n{body.decode('latin-1')}")


def _has_route(scope: Scope) -> bool:
    """Whether there is something to carry out: an unknown path or method has its own response."""
    app = scope.get("app")
    return app is None or any(route.matches(scope)[0] is Match.FULL for route in app.routes)


def _replayed(answer: Answer) -> Response:
    return Response(answer.body, answer.status, {**answer.headers, REPLAYED: "true"})


class _BufferedResponse:
    """Buffers a JSON response to send it later; any other passes at once."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._buffered: list[Message] = []
        self._passes = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._passes = not Headers(raw=message["headers"]).get("content-type", "").startswith(JSON)
        if self._passes:
            await self._send(message)
        else:
            self._buffered.append(message)

    def answer(self) -> Answer | None:
        """None when nothing is stored: it was not buffered, a retry may succeed, or it holds a token."""
        if not self._buffered or self._buffered[0]["status"] in AGAIN:
            return None
        start, *rest = self._buffered
        if "no-store" in Headers(raw=start["headers"]).get("cache-control", ""):
            return None
        body = b"".join(message.get("body", b"") for message in rest)
        return Answer(start["status"], body, dict(Headers(raw=start["headers"])))

    async def send_all(self) -> None:
        for message in self._buffered:
            await self._send(message)
