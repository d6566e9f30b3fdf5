"""A value that is made when it is first needed, once in a process."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """Made once in a process, by whichever thread asks first; a call gives it.

    For what is slow or large to make, such as a model, or must not exist before a fork.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[T] | None = None

    def __call__(self) -> T:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = (self._make(),)
        return self._made[0]

    @property
    def is_made(self) -> bool:
        return self._made is not None
