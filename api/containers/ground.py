"""The ground floor of the house: ledger, cache, keys, outbox, warehouse, queue."""

from functools import cached_property
from zoneinfo import ZoneInfo

import redis
import redis.asyncio

from api.containers.warehouse_tables import TABLES
from commerce.checkout.service import SUBSCRIPTION as ORDER_REVIEWS
from commerce.memberships.benefits import SUBSCRIPTION as BENEFITS
from commerce.memberships.billing import SUBSCRIPTION as BILLING
from commerce.memberships.held import SUBSCRIPTION as HELD_MEMBERSHIPS
from commerce.notices.service import SUBSCRIPTION as NOTICES
from commerce.raffles.entries import SUBSCRIPTION as RAFFLE_ENTRIES
from commerce.raffles.held import SUBSCRIPTION as HELD_TICKETS
from foundation.auth import Tokens
from foundation.cache import open_async_cache, open_cache
from foundation.clock import Calendar, Clock
from foundation.crypto import DataKeys, KeyRing, LookupDigest
from foundation.idempotency import IdempotencyKeys
from foundation.outbox import Outbox
from foundation.queue import Jobs
from foundation.settings import Settings
from foundation.sql import Ledger, open_ledger
from foundation.warehouse.base import Warehouse
from foundation.warehouse.ducklake import DuckLake
from foundation.warehouse.feed import WarehouseFeed
from foundation.warehouse.feed import subscription as warehouse_subscription
from memory.ingest.subscriber import SUBSCRIPTION as MEMORY
from memory.predictions.service import SUBSCRIPTION as PREDICTIONS

SUBSCRIPTIONS = (
    warehouse_subscription(TABLES),
    BENEFITS,
    BILLING,
    NOTICES,
    RAFFLE_ENTRIES,
    ORDER_REVIEWS,
    HELD_MEMBERSHIPS,
    HELD_TICKETS,
    PREDICTIONS,
    MEMORY,
)


class Ground:
    """Nothing is connected before it is used, so a house may be built before a fork."""

    def __init__(self, settings: Settings, *, now: Clock) -> None:
        self.settings = settings
        self.now = now

    def close(self) -> None:
        if "warehouse" in self.__dict__:
            self.warehouse.close()
        if "cache" in self.__dict__:
            self.cache.close()
        if "ledger" in self.__dict__:
            self.ledger.close()

    @cached_property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger)

    @cached_property
    def cache(self) -> redis.Redis:
        return open_cache(self.settings.cache)

    @cached_property
    def async_cache(self) -> redis.asyncio.Redis:
        return open_async_cache(self.settings.cache)

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(ZoneInfo(self.settings.shop.time_zone), self.now)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.settings.auth, self.ledger, now=self.now)

    @cached_property
    def key_ring(self) -> KeyRing:
        return KeyRing.from_settings(self.settings.crypto.keys.get_secret_value())

    @cached_property
    def data_keys(self) -> DataKeys:
        return DataKeys(self.ledger, self.key_ring, now=self.now)

    @cached_property
    def digests(self) -> LookupDigest:
        return LookupDigest.from_settings(self.settings.crypto.lookup_key.get_secret_value())

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.ledger, SUBSCRIPTIONS, now=self.now)

    @cached_property
    def warehouse(self) -> Warehouse:
        return DuckLake(self.settings.ledger.url, self.settings.warehouse.folder, TABLES, now=self.now)

    @cached_property
    def feed(self) -> WarehouseFeed:
        return WarehouseFeed(self.warehouse, TABLES)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.ledger, self.cache, now=self.now)

    @cached_property
    def idempotency(self) -> IdempotencyKeys:
        return IdempotencyKeys(self.ledger, now=self.now)
