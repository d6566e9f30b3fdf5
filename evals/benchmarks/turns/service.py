"""A small shop with its servers and processes, on its own folder and port, while the suite runs."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil
from sqlalchemy import column, select, table, text

from api.containers.warehouse_tables import TABLES
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
    """Yields the service once it answers, and stops it afterwards."""
    with (
        temporary_environment({"REQUESTS_PER_MINUTE": "1000000"}, durable=True) as environment,
        terminated() as children,
    ):
        given = environment.variables
        _build_shop(environment.settings, given)
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
            listener.set_inheritable(True)
            api = _start(
                given, "evals.benchmarks.turns.server", str(listener.fileno()), keep=(listener.fileno(),)
            )
            children += [
                api,
                _start(given, "api.entrypoints.cli", "worker"),
                _start(given, "api.entrypoints.cli", "relay"),
            ]
            api_process, worker, relay = (psutil.Process(child.pid) for child in children)
            port = listener.getsockname()[1]
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
def terminated() -> Iterator[list[Child]]:
    """A list of processes, all of which are terminated on exit."""
    children: list[Child] = []
    try:
        yield children
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(20)


def customers(settings: Settings) -> Mapping[str, str]:
    """An access token for each customer, by id."""
    ledger = open_ledger(settings.ledger)
    try:
        tokens = Tokens(settings.auth, ledger)
        with ledger.transaction() as tx:
            ids = tx.scalars(select(table("customers", column("id"))).order_by(text("id")))
            return {each: tokens.issue(Principal(each, Role.CUSTOMER)) for each in ids}
    finally:
        ledger.close()


def _build_shop(settings: Settings, given: Mapping[str, str]) -> None:
    DuckLake(settings.ledger.url, settings.warehouse.folder, TABLES, now=system_clock).ensure()
    build = _command(given, "api.entrypoints.cli", "seed-ledger", "--customers", str(CUSTOMERS))
    subprocess.run(build, check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - our own program


def _start(given: Mapping[str, str], module: str, *arguments: str, keep: tuple[int, ...] = ()) -> Child:
    command = _command(given, module, *arguments)
    return subprocess.Popen(command, pass_fds=keep, stderr=subprocess.DEVNULL)  # noqa: S603 - our own program


def _command(given: Mapping[str, str], module: str, *arguments: str) -> list[str]:
    """`env` adds the variables to its own environment and executes the program."""
    settings = [f"{name}={value}" for name, value in {**given, "OMP_NUM_THREADS": "1"}.items()]
    return ["/usr/bin/env", *settings, sys.executable, "-m", module, *arguments]


def await_answer(port: int) -> None:
    """Wait until the API is ready."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        client.get("/healthz").raise_for_status()


def _alive(process: psutil.Process | None) -> psutil.Process:
    if process is None:
        raise RuntimeError("a server that was just started has exited")
    return process
