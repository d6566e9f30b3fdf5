"""The processes beside the API, each for as long as it is not told to end: worker, scheduler, relay."""

import gc
import signal
import threading
from collections.abc import Callable

from api.containers import House, build
from api.entrypoints.scheduler import open_scheduler
from api.entrypoints.worker import load
from foundation import queue
from foundation.log import logger
from foundation.queue import OpenBench
from foundation.settings import Settings
from foundation.warehouse.base import Warehouse, WarehouseUnavailable

Ready = Callable[[], None]
WAREHOUSE_RETRY_SECONDS = 10
log = logger(__name__)


def settle() -> None:
    """Keep what was loaded out of the garbage collector: it stays, is shared after a fork, and is much.

    What is left of a request goes by reference count; cycles are rare, and looked for less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def run_worker(settings: Settings, *, ready: Ready) -> None:
    def load_and_say_so() -> OpenBench:
        bench = load(settings)
        settle()
        ready()
        return bench

    queue.run_worker(settings.cache, load=load_and_say_so)


def run_scheduler(settings: Settings, *, ready: Ready) -> None:
    _until_told(build(settings), lambda house, stop: open_scheduler(house).run(stop), ready)


def run_relay(settings: Settings, *, ready: Ready) -> None:
    def work(house: House, stop: threading.Event) -> None:
        # A warehouse that is away must not keep the other subscribers waiting.
        if not _is_made(house.warehouse):
            threading.Thread(target=_make, args=(house.warehouse, stop), daemon=True).start()
        house.relay.run(stop)

    _until_told(build(settings), work, ready)


def _make(warehouse: Warehouse, stop: threading.Event) -> None:
    while not stop.wait(WAREHOUSE_RETRY_SECONDS) and not _is_made(warehouse):
        pass


def _is_made(warehouse: Warehouse) -> bool:
    try:
        warehouse.ensure()
    except WarehouseUnavailable:
        log.warning("warehouse_away")
        return False
    return True


def _until_told(house: House, work: Callable[[House, threading.Event], None], ready: Ready) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settle()
    ready()
    try:
        work(house, stop)
    finally:
        house.close()
