"""What the processes of the program have in common: loaded memory stays put, and they end when told to."""

import ctypes
import gc
import signal
import threading
from collections.abc import Callable
from contextlib import closing

from api.containers.container import Container

Ready = Callable[[], None]


def settle() -> None:
    """Keep what was loaded out of the garbage collector: it stays, is shared after a fork, and is much.

    What is left of a request goes by reference count; cycles are rare, and looked for less often.
    """
    gc.collect()
    _return_freed_memory()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _return_freed_memory() -> None:
    """What loading has freed goes back to the system, some 12 MB beside a model; glibc alone can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def run_until_told(container: Container, work: Callable[[threading.Event], None], ready: Ready) -> None:
    """Work until SIGTERM or SIGINT sets the event, then close the container."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with closing(container):
        settle()
        ready()
        work(stop)
