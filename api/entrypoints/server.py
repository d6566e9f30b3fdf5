"""The API's process: uvicorn on a socket that is open already."""

import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from api.app import create_app
from api.containers.container import Container
from api.entrypoints.processes import settle
from foundation.settings import ApiSettings

LAST_WORDS_SECONDS = 5
"""For the requests at hand when it is told to end."""


def run_api(container: Container, *, door: socket.socket, ready: Callable[[], None]) -> None:
    prepare(container)
    settings = container.infrastructure.settings.api
    server = _AnnouncedServer(configured(create_app(container), settings), ready)
    server.run([door])
    if not server.started:
        sys.exit(1)


def prepare(container: Container) -> None:
    """Load what answers a turn, so that no customer waits for it; a new machine trains it first."""
    container.agent()
    container.memory.facts.reader()


def configured(app: ASGIApp, settings: ApiSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=LAST_WORDS_SECONDS,
    )


class _AnnouncedServer(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            settle()
            self._ready()
