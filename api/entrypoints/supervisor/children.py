"""Child processes: each says when it is ready, and ends with what it has started itself."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

READY = b"1"
LOG_BYTES = 20_000_000


@dataclass(frozen=True)
class Child:
    """A program to keep running. `--ready-fd N` is added to its command, for `say_ready`."""

    name: str
    command: tuple[str, ...]
    inherits: tuple[int, ...] = ()
    """File descriptors it gets from us, such as the socket it answers on."""
    has_keyboard: bool = False
    """Whether it reads what is typed at our terminal: for a debugger in it."""


class Running:
    """A child that has been started, in a session of its own so that Ctrl-C does not reach it.

    One with the keyboard stays in our session: a terminal gives what is typed to no other. Without a `log`,
    it writes to our own output.
    """

    def __init__(self, child: Child, *, log: Path | None) -> None:
        self.child = child
        hears, says = os.pipe()
        self._hears = hears
        self.command = (*child.command, "--ready-fd", str(says))
        with _open_log(log) if log else nullcontext() as output:
            self._process = subprocess.Popen(  # noqa: S603 - the commands are written in this package
                self.command,
                stdin=None if child.has_keyboard else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(*child.inherits, says),
                start_new_session=not child.has_keyboard,
            )
        os.close(says)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def how_it_ended(self) -> str:
        code = self._process.returncode
        return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"

    def follow(self, *, ready: Callable[[], None], ended: Callable[[], None]) -> None:
        """Call `ready` when the child says so and `ended` when it is gone, from a thread."""

        def listen() -> None:
            said = os.read(self._hears, len(READY))
            os.close(self._hears)
            if said == READY:
                ready()
            self._process.wait()
            ended()

        threading.Thread(target=listen, name=f"follow-{self.child.name}", daemon=True).start()

    def terminate(self) -> None:
        self._process.terminate()

    def end(self, *, grace_seconds: float) -> None:
        """Wait for it to end by itself for so long, then kill it and whatever it started."""
        started = _descendants(self.pid)
        try:
            self._process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _kill(started)


def say_ready(fd: int | None) -> None:
    """Tell the supervisor, if there is one, that this process does its work now."""
    if fd is not None:
        os.write(fd, READY)
        os.close(fd)


def end_strangers(processes: Iterable[psutil.Process], *, grace_seconds: float) -> None:
    """End processes that are not our children, and whatever they started."""
    mains = list(processes)
    started = [each for main in mains for each in _descendants(main.pid)]
    for process in mains:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(mains, timeout=grace_seconds)
    _kill([*alive, *started])


def _descendants(pid: int) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        found = psutil.Process(pid).children(recursive=True)
    return found


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _open_log(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")
