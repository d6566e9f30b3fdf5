"""Retries of named errors with a deadline, and a circuit breaker."""

import inspect
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from threading import Lock
from types import TracebackType
from typing import Any, Literal, ParamSpec, TypeVar, cast

import stamina

from foundation import metrics
from foundation.clock import Clock, system_clock
from foundation.errors import Unavailable
from foundation.log import logger

P = ParamSpec("P")
T = TypeVar("T")
Errors = type[Exception] | tuple[type[Exception], ...]
log = logger(__name__)


def retry(
    *, on: Errors, attempts: int = 3, deadline: timedelta = timedelta(seconds=10)
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Call again after the named errors, waiting longer each time; for functions and coroutines.

    An error's `retry_after_seconds` is the wait it asks for. When that would end
    after the deadline, the error is raised at once.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            for attempt in stamina.retry_context(
                _patience(on, deadline), attempts=attempts, timeout=deadline
            ):
                with attempt:
                    return function(*args, **kwargs)
            raise AssertionError("a retry ends with a result or an error")

        @wraps(function)
        async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - what the coroutine gives
            async for attempt in stamina.retry_context(
                _patience(on, deadline), attempts=attempts, timeout=deadline
            ):
                with attempt:
                    return await cast(Any, function)(*args, **kwargs)
            raise AssertionError("a retry ends with a result or an error")

        return cast(Callable[P, T], call_async) if inspect.iscoroutinefunction(function) else call

    return decorate


def _patience(on: Errors, deadline: timedelta) -> Callable[[Exception], bool | float]:
    ends_at = time.monotonic() + deadline.total_seconds()

    def wait_for(error: Exception) -> bool | float:
        asked = getattr(error, "retry_after_seconds", None)
        if not isinstance(error, on):
            return False
        if asked is None:
            return True
        return max(0.0, float(asked)) if time.monotonic() + asked < ends_at else False

    return wait_for


def one_by_one(do: Callable[[T], object], things: Iterable[T], *, failed: str) -> int:
    """How many succeeded; the error of one is logged as `failed` and does not stop the others."""
    return sum(_attempt(do, thing, failed) for thing in things)


def _attempt(do: Callable[[T], object], thing: T, failed: str) -> bool:
    try:
        return bool(do(thing))
    except Exception:  # whatever it is, the later ones must not wait for this one
        log.exception(failed, thing=str(thing))
        return False


class BreakerOpen(Unavailable):
    def __init__(self, name: str, retry_after_seconds: float) -> None:
        super().__init__(
            f"The {name} is not answering just now; please try again in a minute.",
            {"part": name, "retry_after_seconds": retry_after_seconds},
        )
        self.retry_after_seconds = retry_after_seconds


class Breaker:
    """A circuit breaker: `with breaker:` around any call, awaited or not.

    After so many failures in a row it refuses calls for a while, then lets one through
    as a trial. An error that is not in `on` is an answer, so the circuit stays closed.
    (pybreaker holds a lock while the call runs, and awaits only under tornado.)
    """

    def __init__(
        self,
        name: str,
        *,
        on: Errors = Exception,
        failures: int = 5,
        cooldown: timedelta = timedelta(seconds=60),
        now: Clock = system_clock,
    ) -> None:
        self.name = name
        self._on = on
        self._limit = failures
        self._cooldown = cooldown
        self._now = now
        self._lock = Lock()
        self._failures = 0
        self._refuses_until: datetime | None = None
        metrics.breaker_state.labels(name).set_function(self._openness)

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        if self._refuses_until is None:
            return "closed"
        return "open" if self._now() < self._refuses_until else "half-open"

    def __enter__(self) -> None:
        with self._lock:
            now = self._now()
            if self._refuses_until is None:
                return
            if now < self._refuses_until:
                raise BreakerOpen(self.name, (self._refuses_until - now).total_seconds())
            # The others wait while this call tries; should it never come back, one of them tries later.
            self._refuses_until = now + self._cooldown

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if kind is not None and issubclass(kind, self._on):
                self._failures += 1
                if self._failures >= self._limit:
                    self._refuses_until = self._now() + self._cooldown
            elif kind is None or issubclass(kind, Exception):
                self._failures = 0
                self._refuses_until = None
            elif self._refuses_until is not None:
                # Cancelled: it says nothing about the part, and the next call may try.
                self._refuses_until = self._now()

    def _openness(self) -> float:
        return {"closed": 0.0, "half-open": 0.5, "open": 1.0}[self.state]
