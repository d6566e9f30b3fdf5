"""Run a function in a forked process that may be killed meanwhile."""

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

FORK = multiprocessing.get_context("fork")
T = TypeVar("T")


class ChildFailed(Exception):
    """The child process neither succeeded nor was killed: a bug, whose traceback it has printed."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"A forked process ended with exit code {exit_code}; its traceback is above.")


@dataclass(frozen=True)
class ForkResult(Generic[T]):
    """`value` is what the function returned; None when the process was killed first."""

    was_killed: bool
    value: T | None


def run_forked(work: Callable[[], T]) -> ForkResult[T]:
    """Run the function in a child process and wait for its end.

    Raises:
        ChildFailed: the child raised.
    """
    receiver, sender = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_send_result, args=(sender, work))
    child.start()
    sender.close()
    value: T | None = None
    try:
        value = receiver.recv()
    except EOFError:
        pass
    finally:
        receiver.close()
    child.join()
    if child.exitcode not in (0, -signal.SIGKILL):
        raise ChildFailed(child.exitcode)
    return ForkResult(child.exitcode != 0, value)


def run_forked_to_end(work: Callable[[], T]) -> T:
    """The result of the function, from a child process that nobody kills."""
    result = run_forked(work)
    if result.value is None:
        raise ChildFailed(-signal.SIGKILL)
    return result.value


def _send_result(sender: Any, work: Callable[[], object]) -> None:  # noqa: ANN401 - a connection
    sender.send(work())
