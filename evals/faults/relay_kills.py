"""Relays killed between the outbox and the warehouse, and a warehouse that is away for an hour."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from api.containers import build
from demo.generator.rooms import SetClock
from evals.faults.forked_process import finished, forked
from evals.faults.invariants import Finding, Outcome, undelivered
from evals.faults.kill_points import COMMIT, COMMITTED, Fuse, Point, lay_along
from foundation.outbox import Relay
from foundation.settings import Settings
from foundation.warehouse.base import Rejection, Row
from foundation.warehouse.ducklake import DuckLake
from foundation.warehouse.feed import SUBSCRIPTION, WarehouseFeed

APPENDING, APPENDED = "appending", "appended"
POINTS = tuple(
    Point(name, number) for number in (1, 2, 3, 5) for name in (APPENDING, APPENDED, COMMIT, COMMITTED)
)
BATCH_ROWS = 20
AN_HOUR = timedelta(hours=1)


class FusedLake(DuckLake):
    """Passes a place before and after each batch of a table."""

    fuse: Fuse

    def append(self, table: str, rows: Sequence[Row]) -> list[Rejection]:
        self.fuse(APPENDING)
        rejections = super().append(table, rows)
        self.fuse(APPENDED)
        return rejections


@contextmanager
def away(folder: Path) -> Iterator[None]:
    """Meanwhile the warehouse can be neither read nor written, by whoever owns it."""
    aside = folder.with_name(f"{folder.name}.aside")
    folder.rename(aside)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


class Relaying:
    """Works off whatever the outbox holds."""

    def __init__(self, settings: Settings, *, clock: SetClock) -> None:
        self._clock = clock
        self._house = build(settings, clock=clock)

    def kill_all(self, outcome: Outcome, *, points: Sequence[Point] = POINTS) -> None:
        """Kill relays at every point, send the warehouse away for an hour, and look what arrived."""
        finished(self._prepare)
        for point in points:
            self._clock.now += AN_HOUR
            if forked(partial(self._deliver, point)).was_killed:
                outcome.kills[point.name] += 1
        self._clock.now += AN_HOUR
        with away(self._house.settings.warehouse.folder):
            arrived = finished(lambda: self._deliver(None))
        if arrived:
            outcome.findings.append(
                Finding("lost_events", f"{arrived} events went to a warehouse that is away")
            )
        self._clock.now += AN_HOUR
        finished(lambda: self._deliver(None))
        outcome.findings += finished(self._inspect)

    def _prepare(self) -> bool:
        self._house.warehouse.ensure()
        return True

    def _deliver(self, point: Point | None) -> int:
        """All that is due; how many events that were."""
        house, fuse = self._house, Fuse()
        lay_along(fuse)
        lake = FusedLake(house.settings.ledger.url, house.settings.warehouse.folder, now=house.now)
        lake.fuse = fuse
        fuse.arm(point)
        settings = house.settings.warehouse.model_copy(update={"batch_rows": BATCH_ROWS})
        feed = WarehouseFeed(house.ledger, lake, now=house.now)
        relay = Relay(house.ledger, [feed.subscriber(settings)], now=house.now)
        delivered = 0
        while batch := relay.deliver(SUBSCRIPTION.name):
            delivered += batch
        return delivered

    def _inspect(self) -> list[Finding]:
        return list(undelivered(self._house.ledger, self._house.warehouse))
