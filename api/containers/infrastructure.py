"""Ledger, cache, keys, outbox, warehouse and queue: what every service stands on."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import redis

from api.containers.overrides import USUAL, Overrides
from api.containers.subscriptions import SUBSCRIPTIONS
from api.containers.warehouse_tables import TABLES
from foundation.auth import Tokens
from foundation.cache import open_cache
from foundation.clock import Calendar, Clock
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.idempotency import IdempotencyKeys
from foundation.outbox import Outbox
from foundation.queue import Jobs
from foundation.resources import Resources
from foundation.settings import Settings
from foundation.sql import Ledger, open_ledger
from foundation.warehouse.base import Warehouse
from foundation.warehouse.deferred import DeferredWarehouse
from foundation.warehouse.feed import WarehouseFeed


@dataclass(frozen=True)
class Infrastructure:
    """Nothing is connected before it is used, so it may be built before a fork."""

    settings: Settings
    clock: Clock
    calendar: Calendar
    ledger: Ledger
    cache: redis.Redis
    keys: "Keys"
    tokens: Tokens
    outbox: Outbox
    warehouse: Warehouse
    feed: WarehouseFeed
    jobs: Jobs
    idempotency: IdempotencyKeys
    resources: Resources
    """What was opened; the layers above add theirs."""

    def close(self) -> None:
        """May be called again."""
        self.resources.close()


@dataclass(frozen=True)
class Keys:
    ring: KeyRing
    data: DataKeys
    """One for each customer."""
    digests: LookupDigest


def build_infrastructure(settings: Settings, overrides: Overrides = USUAL) -> Infrastructure:
    resources = Resources()
    with resources.closed_on_failure():
        return _build(settings, overrides, resources)


def _build(settings: Settings, overrides: Overrides, resources: Resources) -> Infrastructure:
    clock, make_outbox = overrides.clock, overrides.outbox or _outbox
    ledger = overrides.ledger or _opened_ledger(settings, resources)
    cache = open_cache(settings.cache)
    resources.add(cache.close)
    warehouse = DeferredWarehouse(lambda: _ducklake(settings, clock))
    resources.add(warehouse.close)
    return Infrastructure(
        settings=settings,
        clock=clock,
        calendar=Calendar(ZoneInfo(settings.shop.time_zone), clock),
        ledger=ledger,
        cache=cache,
        keys=_keys(settings, ledger, overrides),
        tokens=Tokens(settings.auth, ledger, now=clock),
        outbox=make_outbox(ledger, clock),
        warehouse=warehouse,
        feed=WarehouseFeed(warehouse, TABLES),
        jobs=Jobs(ledger, cache, now=clock),
        idempotency=IdempotencyKeys(ledger, now=clock),
        resources=resources,
    )


def _opened_ledger(settings: Settings, resources: Resources) -> Ledger:
    ledger = open_ledger(settings.ledger)
    resources.add(ledger.close)
    return ledger


def _keys(settings: Settings, ledger: Ledger, overrides: Overrides) -> Keys:
    ring = overrides.key_ring or KeyRing.from_settings(settings.crypto.keys.get_secret_value())
    lookup_key = settings.crypto.lookup_key.get_secret_value()
    return Keys(
        ring=ring,
        data=DataKeys(ledger, ring, now=overrides.key_clock or overrides.clock),
        digests=overrides.digests or LookupDigest.from_settings(lookup_key),
    )


def _outbox(ledger: Ledger, clock: Clock) -> Outbox:
    return Outbox(ledger, SUBSCRIPTIONS, now=clock)


def _ducklake(settings: Settings, clock: Clock) -> Warehouse:
    from foundation.warehouse.ducklake import DuckLake  # noqa: PLC0415 - DuckDB takes 40 MB

    return DuckLake(settings.ledger.url, settings.warehouse.folder, TABLES, now=clock)
