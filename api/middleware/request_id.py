"""Gives every request an id, in its response and in its log lines."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.ids import new_id
from foundation.log import bind

HEADER = "X-Request-Id"
PATTERN = r"^[A-Za-z0-9_.:-]{8,64}$"


class RequestId:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if re.fullmatch(PATTERN, given) else new_id("req")

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with bind(request_id=request_id):
            await self._app(scope, receive, named)
