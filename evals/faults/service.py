"""The whole house as `livhana serve` runs it, under a supervisor that forgives any number of deaths."""

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
from evals.environment import NO_VENDOR, Place

FORGIVING = Timing(delays=(0.1,) * 1_000, look_seconds=0.5)
BACK_SECONDS = 60.0
VALKEY, WORK_HORSE, WORKER_ALONE = "valkey", "work horse", "worker alone"
"""What may be killed besides the children by their names: what the worker has at work, or it alone."""
PART_OF = {WORK_HORSE: "worker", WORKER_ALONE: "worker"}


class NotBack(Exception):
    """A process that was killed has not been started again."""


class Service:
    def __init__(self, place: Place, door: socket) -> None:
        self._place = place
        self.address = f"http://127.0.0.1:{door.getsockname()[1]}"
        made = [_at(place, child) for child in children(door)]
        self._is_up = {child.name: Event() for child in made}
        for folder in ("run", "log"):
            (place.folder / folder).mkdir(exist_ok=True)
        servers: dict[str, Server] = {"PostgreSQL": place.postgres, "Valkey": place.valkey}
        self._supervisor = Supervisor(place.folder, made, servers, tell=self._hear, timing=FORGIVING)
        self._watch = threading.Thread(target=self._keep, name="supervisor")
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
        """Whether there was one to kill."""
        if target == VALKEY:
            return _kill([self._place.valkey.process()])
        name = PART_OF.get(target, target)
        main = self._main(name)
        if target == WORK_HORSE:
            return _kill([each for each in main.children() if _leads_a_group(each)])
        self._is_up[name].clear()
        return _kill([main] if target == WORKER_ALONE else [main, *main.children(recursive=True)])

    def await_back(self, target: str) -> None:
        """Until it has been started again after its last death.

        Raises:
            NotBack: that has not happened.
        """
        is_up = self._is_up.get(PART_OF.get(target, target))
        if is_up is not None and not is_up.wait(BACK_SECONDS):
            raise NotBack(f"The {target} has not come back: {self.failure}")

    def await_all(self) -> None:
        for name in self._is_up:
            self.await_back(name)

    def _main(self, name: str) -> psutil.Process:
        found = (each for each in psutil.Process().children() if _is_program(each, name))
        return next(found)

    def _hear(self, sentence: str) -> None:
        for name, is_up in self._is_up.items():
            if sentence == f"The {name} is back.":
                is_up.set()

    def _keep(self) -> None:
        with suppress(Left):
            try:
                self._supervisor.watch()
            except ChildFailed as failure:
                self.failure = failure

    def _orphans(self) -> list[psutil.Process]:
        """What outlived the worker that had started it."""
        return [each for each in psutil.process_iter() if _works_at(each, self._place)]


@contextmanager
def running(place: Place) -> Iterator[Service]:
    """Open once every process works; the servers close with it."""
    with closing(open_door(place.settings.api)) as door:
        service = Service(place, door)
        try:
            service.open()
            yield service
        finally:
            service.close()


def _at(place: Place, child: Child) -> Child:
    """The same program, with this place's settings."""
    unset = [f"--unset={name}" for name in NO_VENDOR]
    given = [f"{name}={value}" for name, value in place.environment.items()]
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


def _leads_a_group(process: psutil.Process) -> bool:
    """RQ gives a work-horse a group of its own, and its scheduler none."""
    with suppress(ProcessLookupError):
        return bool(os.getpgid(process.pid) == process.pid)
    return False


def _works_at(process: psutil.Process, place: Place) -> bool:
    with suppress(psutil.Error):
        return (
            process.environ().get("VAR_DIR") == str(place.folder)
            and "api.entrypoints.cli" in process.cmdline()
        )
    return False
