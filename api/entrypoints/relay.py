"""The relay's process: it carries events from the outbox to their subscribers."""

import threading

from api.containers.container import build_container
from api.entrypoints.processes import Ready, run_until_told
from foundation.log import logger
from foundation.settings import Settings
from foundation.warehouse.base import Warehouse, WarehouseUnavailable

WAREHOUSE_RETRY_SECONDS = 10
log = logger(__name__)


def run_relay(settings: Settings, *, ready: Ready) -> None:
    container = build_container(settings)
    warehouse = container.infrastructure.warehouse

    def work(stop: threading.Event) -> None:
        # A warehouse that is away must not keep the other subscribers waiting.
        if not _is_made(warehouse):
            threading.Thread(target=_make, args=(warehouse, stop), daemon=True).start()
        container.relay.run(stop)

    run_until_told(container, work, ready)


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
