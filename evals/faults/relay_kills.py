"""Kill relays between outbox and warehouse, and make the warehouse unavailable for an hour."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from api.containers.container import build_container
from api.containers.overrides import Overrides
from api.containers.warehouse_tables import TABLES
from demo.generator.services import SetClock
from evals.faults.forked_process import run_forked, run_forked_to_end
from evals.faults.invariants import Finding, Outcome, delivery_violations
from evals.faults.kill_points import COMMIT, COMMITTED, FaultInjector, KillPoint, instrument_database
from foundation.outbox import Relay
from foundation.settings import Settings
from foundation.warehouse.base import Rejection, Row
from foundation.warehouse.ducklake import DuckLake
from foundation.warehouse.feed import NAME, WarehouseFeed

APPENDING, APPENDED = "appending", "appended"
POINTS = tuple(
    KillPoint(name, number) for number in (1, 2, 3, 5) for name in (APPENDING, APPENDED, COMMIT, COMMITTED)
)
BATCH_ROWS = 20
AN_HOUR = timedelta(hours=1)


class FaultInjectingLake(DuckLake):
    """Kill points before and after each batch of a table."""

    injector: FaultInjector

    def append(self, table: str, rows: Sequence[Row]) -> list[Rejection]:
        self.injector(APPENDING)
        rejections = super().append(table, rows)
        self.injector(APPENDED)
        return rejections


@contextmanager
def warehouse_outage(folder: Path) -> Iterator[None]:
    """Make the warehouse unreadable and unwritable for every process."""
    moved_away = folder.with_name(f"{folder.name}.moved")
    folder.rename(moved_away)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        moved_away.rename(folder)


class RelayKillRunner:
    """Delivers what is in the outbox, killed at each kill point."""

    def __init__(self, settings: Settings, *, clock: SetClock) -> None:
        self._clock = clock
        self._container = build_container(settings, Overrides(clock=clock))

    def run(self, outcome: Outcome, *, points: Sequence[KillPoint] = POINTS) -> None:
        """Kill a relay at every point, then take the warehouse away for an hour, and compare what arrived."""
        run_forked_to_end(self._prepare)
        for point in points:
            self._clock.now += AN_HOUR
            if run_forked(partial(self._deliver, point)).was_killed:
                outcome.kills[point.name] += 1
        self._clock.now += AN_HOUR
        with warehouse_outage(self._container.infrastructure.settings.warehouse.folder):
            delivered_rows = run_forked_to_end(lambda: self._deliver(None))
        if delivered_rows:
            outcome.findings.append(
                Finding("lost_events", f"{delivered_rows} events were delivered to an unavailable warehouse")
            )
        self._clock.now += AN_HOUR
        run_forked_to_end(lambda: self._deliver(None))
        outcome.findings += run_forked_to_end(self._inspect)

    def _prepare(self) -> bool:
        self._container.infrastructure.warehouse.ensure()
        return True

    def _deliver(self, point: KillPoint | None) -> int:
        """Deliver all due events; their number."""
        container, injector = self._container, FaultInjector()
        instrument_database(injector)
        lake = FaultInjectingLake(
            container.infrastructure.settings.ledger.url,
            container.infrastructure.settings.warehouse.folder,
            TABLES,
            now=container.infrastructure.clock,
        )
        lake.injector = injector
        injector.arm(point)
        settings = container.infrastructure.settings.warehouse.model_copy(update={"batch_rows": BATCH_ROWS})
        feed = WarehouseFeed(lake, TABLES)
        relay = Relay(
            container.infrastructure.ledger, [feed.subscriber(settings)], now=container.infrastructure.clock
        )
        delivered = 0
        while batch := relay.deliver(NAME):
            delivered += batch
        return delivered

    def _inspect(self) -> list[Finding]:
        return list(
            delivery_violations(
                self._container.infrastructure.ledger, self._container.infrastructure.warehouse
            )
        )
