"""All processes as `livhana serve` runs them, under a supervisor that restarts them without limit."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from socket import socket
from threading import Event

import psutil

from api.entrypoints.supervisor.children import Child
from api.entrypoints.supervisor.door import open_door
from api.entrypoints.supervisor.serve import children
from api.entrypoints.supervisor.supervisor import ChildFailed, Left, Server, Supervisor, Timing
from evals.environment import MODEL_VARIABLES, Environment

ENDLESS_RESTARTS = Timing(delays=(0.1,) * 1_000, look_seconds=0.5)
RESTART_TIMEOUT_SECONDS = 60.0
VALKEY, WORKER_JOB, WORKER_MAIN = "valkey", "worker job", "worker main"
"""Targets besides the supervised children: the process of the worker's current job, or its main one alone."""
CHILD_OF = {WORKER_JOB: "worker", WORKER_MAIN: "worker"}


class NotRestarted(Exception):
    """A process that was killed has not been restarted."""


class SupervisedService:
    def __init__(self, environment: Environment, listener: socket) -> None:
        self._environment = environment
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        commands = [_in_environment(environment, child) for child in children(listener)]
        self._is_up = {child.name: Event() for child in commands}
        for folder in ("run", "log"):
            (environment.folder / folder).mkdir(exist_ok=True)
        servers: dict[str, Server] = {"PostgreSQL": environment.postgres, "Valkey": environment.valkey}
        self._supervisor = Supervisor(
            environment.folder, commands, servers, tell=self._on_message, timing=ENDLESS_RESTARTS
        )
        self._watch = threading.Thread(target=self._supervise, name="supervisor")
        self.failure: ChildFailed | None = None

    def open(self) -> None:
        self._supervisor.start()
        for is_up in self._is_up.values():
            is_up.set()
        self._watch.start()

    def close(self) -> None:
        if self._watch.is_alive():
            self._supervisor.leave()
            self._watch.join()
        self._supervisor.close()
        for orphan in self._orphans():
            orphan.kill()

    def kill(self, target: str) -> bool:
        """Whether there was a process to kill."""
        if target == VALKEY:
            return _kill([self._environment.valkey.process()])
        name = CHILD_OF.get(target, target)
        main = self._main(name)
        if target == WORKER_JOB:
            return _kill([each for each in main.children() if _leads_process_group(each)])
        self._is_up[name].clear()
        return _kill([main] if target == WORKER_MAIN else [main, *main.children(recursive=True)])

    def await_restart(self, target: str) -> None:
        """Wait until the target has been restarted after its last kill.

        Raises:
            NotRestarted: it has not been in time.
        """
        is_up = self._is_up.get(CHILD_OF.get(target, target))
        if is_up is not None and not is_up.wait(RESTART_TIMEOUT_SECONDS):
            raise NotRestarted(f"The {target} was not restarted: {self.failure}")

    def await_all_up(self) -> None:
        for name in self._is_up:
            self.await_restart(name)

    def _main(self, name: str) -> psutil.Process:
        found = (each for each in psutil.Process().children() if _is_program(each, name))
        return next(found)

    def _on_message(self, message: str) -> None:
        for name, is_up in self._is_up.items():
            if message == f"The {name} is back.":
                is_up.set()

    def _supervise(self) -> None:
        with suppress(Left):
            try:
                self._supervisor.watch()
            except ChildFailed as failure:
                self.failure = failure

    def _orphans(self) -> list[psutil.Process]:
        """Processes that outlived the worker that started them."""
        return [each for each in psutil.process_iter() if _runs_in(each, self._environment)]


@contextmanager
def running(environment: Environment) -> Iterator[SupervisedService]:
    """Yields once every process has started; stops them and the servers afterwards."""
    with closing(open_door(environment.settings.api)) as listener:
        service = SupervisedService(environment, listener)
        try:
            service.open()
            yield service
        finally:
            service.close()


def _in_environment(environment: Environment, child: Child) -> Child:
    """The same command with the settings of the temporary environment."""
    unset = [f"--unset={name}" for name in MODEL_VARIABLES]
    given = [f"{name}={value}" for name, value in environment.variables.items()]
    return replace(child, command=("/usr/bin/env", *unset, *given, *child.command))


def _kill(processes: list[psutil.Process | None] | list[psutil.Process]) -> bool:
    killed = False
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process is not None:
                process.kill()
                killed = True
    return killed


def _is_program(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error):
        words = process.cmdline()
        return "api.entrypoints.cli" in words and name in words
    return False


def _leads_process_group(process: psutil.Process) -> bool:
    """RQ runs a job in a process group of its own, its scheduler in the worker's."""
    with suppress(ProcessLookupError):
        return bool(os.getpgid(process.pid) == process.pid)
    return False


def _runs_in(process: psutil.Process, environment: Environment) -> bool:
    with suppress(psutil.Error):
        return (
            process.environ().get("VAR_DIR") == str(environment.folder)
            and "api.entrypoints.cli" in process.cmdline()
        )
    return False
