"""A small shop with its servers and processes, on a folder and a port of its own, while a suite runs."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil
from sqlalchemy import column, select, table, text

from evals.environment import temporary_environment
from foundation.auth import Principal, Role, Tokens
from foundation.clock import system_clock
from foundation.settings import Settings
from foundation.sql import open_ledger
from foundation.warehouse.ducklake import DuckLake

CUSTOMERS = 60
Child = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Service:
    url: str
    settings: Settings
    database_url: str
    api: psutil.Process
    worker: psutil.Process
    relay: psutil.Process
    postgres: psutil.Process
    valkey: psutil.Process

    @property
    def everything(self) -> tuple[psutil.Process, ...]:
        return (self.api, self.worker, self.relay, self.postgres, self.valkey)


@contextmanager
def running() -> Iterator[Service]:
    """Start it, hand it out once it answers, end it."""
    with (
        temporary_environment({"REQUESTS_PER_MINUTE": "1000000"}, durable=True) as environment,
        ended() as children,
    ):
        given = environment.variables
        _build_shop(environment.settings, given)
        with socket.create_server(("127.0.0.1", 0), backlog=128) as door:
            door.set_inheritable(True)
            api = _start(given, "evals.benchmarks.turns.server", str(door.fileno()), keep=(door.fileno(),))
            children += [
                api,
                _start(given, "api.entrypoints.cli", "worker"),
                _start(given, "api.entrypoints.cli", "relay"),
            ]
            api_process, worker, relay = (psutil.Process(child.pid) for child in children)
            port = door.getsockname()[1]
            await_answer(port)
            yield Service(
                url=f"http://127.0.0.1:{port}",
                settings=environment.settings,
                database_url=given["DATABASE_URL"],
                api=api_process,
                worker=worker,
                relay=relay,
                postgres=_alive(environment.postgres.process()),
                valkey=_alive(environment.valkey.process()),
            )


@contextmanager
def ended() -> Iterator[list[Child]]:
    """A list of processes that end, one and all, when the body does."""
    children: list[Child] = []
    try:
        yield children
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(20)


def customers(settings: Settings) -> Mapping[str, str]:
    """A token for each customer that may be talked to, by their id."""
    ledger = open_ledger(settings.ledger)
    try:
        tokens = Tokens(settings.auth, ledger)
        with ledger.transaction() as tx:
            ids = tx.scalars(select(table("customers", column("id"))).order_by(text("id")))
            return {each: tokens.issue(Principal(each, Role.CUSTOMER)) for each in ids}
    finally:
        ledger.close()


def _build_shop(settings: Settings, given: Mapping[str, str]) -> None:
    DuckLake(settings.ledger.url, settings.warehouse.folder, now=system_clock).ensure()
    build = _command(given, "demo.generator", "--into", "ledger", "--customers", str(CUSTOMERS))
    subprocess.run(build, check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - our own program


def _start(given: Mapping[str, str], module: str, *arguments: str, keep: tuple[int, ...] = ()) -> Child:
    command = _command(given, module, *arguments)
    return subprocess.Popen(command, pass_fds=keep, stderr=subprocess.DEVNULL)  # noqa: S603 - our own program


def _command(given: Mapping[str, str], module: str, *arguments: str) -> list[str]:
    """`env` sets what is given on top of what there is, and becomes the program."""
    settings = [f"{name}={value}" for name, value in {**given, "OMP_NUM_THREADS": "1"}.items()]
    return ["/usr/bin/env", *settings, sys.executable, "-m", module, *arguments]


def await_answer(port: int) -> None:
    """Until the API says that it is ready."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        client.get("/healthz").raise_for_status()


def _alive(process: psutil.Process | None) -> psutil.Process:
    if process is None:
        raise RuntimeError("a server that was just started is gone")
    return process
