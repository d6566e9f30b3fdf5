"""Turns unhandled errors into responses with an envelope."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import translate


class Failures:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watching(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watching)
        except Exception as error:
            # A response that has begun cannot be replaced; raised, it is cut off and not taken for complete.
            if started:
                raise
            await translate(error)(scope, receive, send)
