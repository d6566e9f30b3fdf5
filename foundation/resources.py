"""What a process has opened, so that it is closed in order."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager


class Resources:
    """Closes the last opened first, all of them even when one fails.

    `close` may be called again, and then closes what was used since: a pool opens by itself when it is used.
    """

    def __init__(self) -> None:
        self._closers: list[Callable[[], object]] = []

    def add(self, close: Callable[[], object]) -> None:
        """`close` must stand being called again."""
        self._closers.append(close)

    @contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """Around a construction that adds to these resources: when it fails, nothing stays open."""
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            yield
            on_failure.pop_all()

    def close(self) -> None:
        with ExitStack() as stack:
            for close in self._closers:
                stack.callback(close)
