"""Keeps servers and children running: opened in order, started again after a death, closed in order."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal, NamedTuple, Protocol

import psutil

from api.entrypoints.supervisor.children import Child, Running
from api.entrypoints.supervisor.roster import Roster
from foundation.log import logger

log = logger(__name__)


class Server(Protocol):
    """A server that outlives us when we are killed, and is adopted by the next start."""

    def process(self) -> psutil.Process | None: ...

    def start(self) -> str: ...

    def stop(self) -> None: ...


class ChildFailed(Exception):
    """A child that cannot be kept running; the message is one sentence."""


@dataclass(frozen=True)
class Timing:
    ready_seconds: float = 60
    """How long the children may take to become ready."""
    delays: tuple[float, ...] = (0.5, 1, 2, 4)
    """Seconds before a child that died starts again; one more death within the window ends everything."""
    window_seconds: float = 60
    look_seconds: float = 1
    """How often the servers are looked after."""
    grace_seconds: float = 10
    """How long the children may take to end what they are at."""


@dataclass(frozen=True)
class Development:
    """For whoever changes the program: children write to our terminal, and start again when the code changes.

    One that ends by itself waits for the next change, since more tries would end the same way.
    """

    code_changed: Callable[[], bool]
    """Whether it changed since this was asked last."""


class Deaths:
    """When a child that died may start again: later each time, and never when it keeps dying."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._times: deque[float] = deque()

    def note(self, now: float) -> float | None:
        """Seconds to wait; None when that was one death too many within the window."""
        while self._times and now - self._times[0] >= self._timing.window_seconds:
            self._times.popleft()
        self._times.append(now)
        count = len(self._times)
        return self._timing.delays[count - 1] if count <= len(self._timing.delays) else None


class _News(NamedTuple):
    running: Running
    kind: Literal["ready", "ended"]


class Left(Exception):
    """Somebody asked `start` or `watch` to be left."""


class Supervisor:
    """Used as `open_servers`, `start`, `watch`; and `close`, however far it came."""

    def __init__(
        self,
        folder: Path,
        children: Sequence[Child],
        servers: Mapping[str, Server],
        *,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        development: Development | None = None,
    ) -> None:
        self._folder = folder
        self._children = {child.name: child for child in children}
        self._servers = servers
        self._tell = tell
        self._timing = timing or Timing()
        self._development = development
        self._roster = Roster.inside(folder)
        self._news: SimpleQueue[_News | None] = SimpleQueue()
        self._running: dict[str, Running] = {}
        self._deaths = {name: Deaths(self._timing) for name in self._children}
        self._due: dict[str, float] = {}
        self._reloading: set[Running] = set()

    def open_servers(self) -> None:
        """Start the servers, or adopt those that run."""
        for server in self._servers.values():
            server.start()

    def start(self) -> None:
        """Start every child, and return when all are ready.

        Raises:
            Left: after `leave`.
            ChildFailed: when one ends instead, or is not ready in time.
        """
        for child in self._children.values():
            self._launch(child)
        waiting = set(self._children)
        deadline = time.monotonic() + self._timing.ready_seconds
        while waiting:
            news = self._hear(deadline - time.monotonic())
            if news is None:
                names = " and ".join(sorted(waiting))
                raise ChildFailed(f"The {names} did not become ready (see {self._folder / 'log'})")
            if news.kind == "ended":
                raise ChildFailed(
                    f"The {news.running.child.name} did not start: {self._last_words(news.running)}"
                )
            waiting.discard(news.running.child.name)

    def watch(self) -> None:
        """Start again what dies.

        Raises:
            Left: after `leave`.
            ChildFailed: when a child keeps dying.
        """
        while True:
            news = self._hear(self._timing.look_seconds)
            if news is not None and news.kind == "ended":
                self._bury(news.running)
            elif news is not None:
                self._say(f"The {news.running.child.name} is back.")
            if self._development and self._development.code_changed():
                self._reload()
            self._revive()
            self._look_after_servers()

    def leave(self) -> None:
        """End `start` or `watch` where nothing is half done; from a signal handler or another thread."""
        self._news.put(None)

    def close(self) -> None:
        """End the children, then the servers, the last opened first. An interrupt meanwhile ends patience."""
        try:
            self._end_children()
        finally:
            for server in reversed(list(self._servers.values())):
                server.stop()
        self._roster.clear()

    def _launch(self, child: Child) -> None:
        running = Running(child, log=None if self._development else self._log(child))
        self._running[child.name] = running
        self._roster.write({each.pid: each.command for each in self._running.values()})
        running.follow(
            ready=lambda: self._news.put(_News(running, "ready")),
            ended=lambda: self._news.put(_News(running, "ended")),
        )

    def _hear(self, seconds: float) -> _News | None:
        soonest = min(self._due.values(), default=time.monotonic() + seconds) - time.monotonic()
        try:
            news = self._news.get(timeout=max(0, min(seconds, soonest)))
        except Empty:
            return None
        if news is None:
            raise Left
        return news

    def _bury(self, running: Running) -> None:
        name = running.child.name
        del self._running[name]
        if running in self._reloading:
            self._reloading.discard(running)
            self._due[name] = time.monotonic()
        elif self._development:
            self._say(f"The {name} ended ({running.how_it_ended}); it starts again when the code changes.")
        else:
            self._restart_later(running)

    def _restart_later(self, running: Running) -> None:
        name = running.child.name
        delay = self._deaths[name].note(time.monotonic())
        if delay is None:
            raise ChildFailed(f"The {name} keeps ending: {self._last_words(running)}")
        self._say(f"The {name} ended ({running.how_it_ended}); it starts again in {delay:g} s.")
        self._due[name] = time.monotonic() + delay

    def _reload(self) -> None:
        self._say("The code changed: its processes start again.")
        self._reloading.update(self._running.values())
        for running in self._running.values():
            running.terminate()
        self._due.update({name: time.monotonic() for name in self._children.keys() - self._running.keys()})

    def _revive(self) -> None:
        now = time.monotonic()
        for name in [name for name, due in self._due.items() if due <= now]:
            del self._due[name]
            self._launch(self._children[name])

    def _look_after_servers(self) -> None:
        for name, server in self._servers.items():
            if server.process() is None:
                self._say(f"{name} is down; it starts again.")
                server.start()

    def _end_children(self) -> None:
        deadline = time.monotonic() + self._timing.grace_seconds
        every = list(self._running.values())
        try:
            for running in every:
                running.terminate()
            for running in every:
                running.end(grace_seconds=max(0, deadline - time.monotonic()))
        except KeyboardInterrupt:
            for running in every:
                running.end(grace_seconds=0)

    def _last_words(self, running: Running) -> str:
        """The last line that it wrote, if that is a sentence and not a log line; and where to read on."""
        if self._development:
            return running.how_it_ended
        path = self._log(running.child)
        lines = path.read_text(errors="replace").splitlines() or [""]
        words = "" if lines[-1].startswith("{") else lines[-1].strip()
        return f"{words or running.how_it_ended} (see {path})"

    def _log(self, child: Child) -> Path:
        return self._folder / "log" / f"{child.name}.log"

    def _say(self, sentence: str, **facts: object) -> None:
        self._tell(sentence)
        log.warning(sentence, **facts)
