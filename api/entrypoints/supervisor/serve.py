"""`livhana serve`: the whole house on one machine, from the first start to Ctrl-C."""

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console

from api.entrypoints.supervisor.children import Child
from api.entrypoints.supervisor.door import CannotServe, open_door
from api.entrypoints.supervisor.preparation import NotPrepared, Preparation
from api.entrypoints.supervisor.roster import Roster
from api.entrypoints.supervisor.supervisor import ChildFailed, Development, Left, Server, Supervisor
from api.entrypoints.supervisor.welcome import welcome
from foundation.crypto import check_keys
from foundation.embedded import EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from foundation.log import configure_logging
from foundation.settings import (
    MisconfiguredError,
    Settings,
    embedded_database_url,
    embedded_redis_url,
)


def serve(settings: Settings, console: Console, *, development: Development | None = None) -> None:
    """Open everything, and keep it open until interrupted.

    Raises:
        CannotServe: with one sentence that says what is in the way.
    """
    try:
        check_keys(settings)
        with _alone_in(settings.var):
            _serve(settings, console, development)
    except KeyboardInterrupt:
        console.print("Not opened.")
    except (MisconfiguredError, EmbeddedServerError, NotPrepared, ChildFailed) as error:
        raise CannotServe(str(error)) from error


def _serve(settings: Settings, console: Console, development: Development | None) -> None:
    if Roster.inside(settings.var).end_leftovers():
        console.print("Ended what an earlier run had left behind.")
    with closing(open_door(settings.api)) as door, (settings.var / "log" / "supervisor.log").open("a") as log:
        configure_logging(stream=log, log_format=settings.log.log_format)
        supervisor = Supervisor(
            settings.var,
            children(door, keyboard="api" if development else None),
            servers(settings),
            tell=console.print,
            development=development,
        )
        # The rest of the house hears of a hang-up or a `kill` as it does of Ctrl-C.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            with console.status("Opening PostgreSQL and Valkey…"):
                supervisor.open_servers()
            Preparation(settings, console).run()
            with (
                console.status("Opening the API, the worker, the scheduler and the relay…"),
                _leaving(supervisor),
            ):
                supervisor.start()
            welcome(settings, console, port=door.getsockname()[1])
            with _leaving(supervisor):
                supervisor.watch()
        except (KeyboardInterrupt, Left):
            console.print("Closing…")
        finally:
            supervisor.close()


def children(door: socket.socket, *, keyboard: str | None = None) -> list[Child]:
    """The API's socket is ours: while the API starts again, callers wait instead of being refused.

    `keyboard` names the child that reads what is typed at our terminal.
    """

    def program(name: str, *options: str, inherits: tuple[int, ...] = ()) -> Child:
        command = (sys.executable, "-m", "api.entrypoints.cli", name, *options)
        return Child(name, command, inherits=inherits, has_keyboard=name == keyboard)

    return [
        program("api", "--listen-fd", str(door.fileno()), inherits=(door.fileno(),)),
        program("worker"),
        program("scheduler"),
        program("relay"),
    ]


def servers(settings: Settings) -> dict[str, Server]:
    """Those that the settings do not place elsewhere."""
    servers: dict[str, Server] = {}
    if settings.ledger.url == embedded_database_url(settings.var):
        servers["PostgreSQL"] = EmbeddedPostgres(settings.var / "postgres")
    if settings.cache.url == embedded_redis_url(settings.var):
        servers["Valkey"] = EmbeddedValkey(settings.var / "valkey")
    return servers


@contextmanager
def _alone_in(var: Path) -> Iterator[None]:
    """One supervisor to a folder, also when the last one was killed."""
    try:
        for folder in (var / "run", var / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (var / "run" / "supervisor.lock").open("a+")
    except OSError as error:
        reason = (
            f"{error.filename} cannot be used ({os.strerror(error.errno or 0)}): mend it, or set VAR_DIR."
        )
        raise CannotServe(reason) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CannotServe(f"livhana already runs in {var} (process {lock.read().strip()}).") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def _leaving(supervisor: Supervisor) -> Iterator[None]:
    """Meanwhile an interrupt waits until nothing is half done."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: supervisor.leave()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
