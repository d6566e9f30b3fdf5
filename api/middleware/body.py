"""Reads request bodies whole, up to a limit, whether their length is announced or not."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.errors import Invalid


class BodyTooLarge(Invalid):
    def __init__(self, limit: int) -> None:
        expected = f"at most {limit // 1024} KiB"
        super().__init__(f"The body is too large: send {expected}.", {"field": "body", "expected": expected})


class BodyLimit:
    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self._limit:
            raise BodyTooLarge(self._limit)
        await self._app(scope, await self._whole(receive), send)

    async def _whole(self, receive: Receive) -> Receive:
        """A receive channel whose first message is the complete body."""
        body = bytearray()
        message: Message = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                return first(message, then=receive)
            body += message.get("body", b"")
            if len(body) > self._limit:
                raise BodyTooLarge(self._limit)
        return first({"type": "http.request", "body": bytes(body), "more_body": False}, then=receive)


def first(message: Message, *, then: Receive) -> Receive:
    """A receive channel that returns this message before any other."""
    waiting = [message]

    async def receive() -> Message:
        return waiting.pop() if waiting else await then()

    return receive
