"""One log line and one metric for each request: the route, never its parameters."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation import metrics
from foundation.auth import Principal
from foundation.log import logger

log = logger(__name__)
CUT_OFF = 499
"""The client disconnected before the response began."""


class AccessLog:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CUT_OFF
        started = perf_counter()

        async def recording(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, recording)
        finally:
            _record(scope, status, perf_counter() - started)


def _record(scope: Scope, status: int, seconds: float) -> None:
    caller = scope.get("state", {}).get("caller")
    log.info(
        "request",
        method=scope["method"],
        route=_route(scope),
        status=status,
        milliseconds=round(seconds * 1000, 1),
        role=caller.role.value if isinstance(caller, Principal) else None,
    )
    metrics.http_requests.labels(method=scope["method"], route=_route(scope), status=status).inc()
    metrics.http_seconds.labels(method=scope["method"], route=_route(scope)).observe(seconds)


def _route(scope: Scope) -> str:
    """The path as declared: ids in it would be personal data, and labels without bound."""
    return getattr(scope.get("route"), "path", "unmatched")
