"""Work done in a forked process, which may be killed in the middle of it."""

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

FORK = multiprocessing.get_context("fork")
T = TypeVar("T")


class ChildFailed(Exception):
    """It neither ended well nor was killed: a bug, whose trace it has printed."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"A forked process ended with exit code {exit_code}; see its trace above.")


@dataclass(frozen=True)
class Ended(Generic[T]):
    """`told` is what the work returned; None when it was killed before."""

    was_killed: bool
    told: T | None


def forked(work: Callable[[], T]) -> Ended[T]:
    """Do the work in a child of this process and wait for its end.

    Raises:
        ChildFailed: when it broke.
    """
    hears, says = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_tell, args=(says, work))
    child.start()
    says.close()
    told: T | None = None
    try:
        told = hears.recv()
    except EOFError:
        pass
    finally:
        hears.close()
    child.join()
    if child.exitcode not in (0, -signal.SIGKILL):
        raise ChildFailed(child.exitcode)
    return Ended(child.exitcode != 0, told)


def finished(work: Callable[[], T]) -> T:
    """What the work returned, from a child that nobody kills."""
    ended = forked(work)
    if ended.told is None:
        raise ChildFailed(-signal.SIGKILL)
    return ended.told


def _tell(says: Any, work: Callable[[], object]) -> None:  # noqa: ANN401 - a connection
    says.send(work())
