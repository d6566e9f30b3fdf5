"""The last net: an error that nothing else answered becomes the envelope."""

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

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            # Half an answer cannot be taken back; raised, it is at least cut off and not taken for whole.
            if started:
                raise
            await translate(error)(scope, receive, send)
