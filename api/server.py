"""The API's process: uvicorn on a socket that is open already."""

import socket
import sys
from collections.abc import Callable

import uvicorn

from api.app import create_app
from api.bootstrap import House
from api.processes import settle

LAST_WORDS_SECONDS = 5
"""For the requests at hand when it is told to end."""


def run_api(house: House, *, door: socket.socket, ready: Callable[[], None]) -> None:
    config = uvicorn.Config(
        create_app(house),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LAST_WORDS_SECONDS,
    )
    server = _AnnouncedServer(config, ready)
    server.run([door])
    if not server.started:
        sys.exit(1)


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
