"""`livhana check`: what is wrong with this house, and how to mend it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import redis
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from api.containers.warehouse_tables import TABLES
from foundation import migrations
from foundation.cache import open_cache
from foundation.clock import system_clock
from foundation.crypto import check_keys
from foundation.errors import ShopError
from foundation.settings import MisconfiguredError, Settings
from foundation.sql import Ledger, open_ledger
from foundation.warehouse.ducklake import DuckLake
from memory.conversations.store import INTERACTIONS
from memory.embeddings import DIMENSIONS, model_name

BYTES_OF_VECTORS = 2 * 2 * DIMENSIONS
"""Two vectors of float16 for each interaction."""
REACH_PINECONE = "Check PINECONE_HOST and PINECONE_API_KEY."


@dataclass(frozen=True)
class Finding:
    part: str
    says: str
    mend: str = ""
    """What to do; empty when all is well."""

    @property
    def is_well(self) -> bool:
        return not self.mend


def examine(settings: Settings) -> Iterator[Finding]:
    """One finding for each part at least, in the order in which to mend them."""
    yield _settings(settings)
    ledger = open_ledger(settings.ledger)
    try:
        yield _ledger(ledger)
        yield _cache(settings)
        look = partial(_warehouse, settings)
        yield from _when_reachable("warehouse", look, mend="Run `livhana serve`: the relay makes it.")
        yield _embedder(settings)
        yield from _when_reachable("vectors", lambda: _vectors(ledger))
        if settings.pinecone.is_chosen:
            look = partial(look_at_pinecone, settings, ledger)
            yield from _when_reachable("pinecone", look, mend=REACH_PINECONE)
    finally:
        ledger.close()


def _settings(settings: Settings) -> Finding:
    try:
        check_keys(settings)
    except MisconfiguredError as reason:
        return Finding("settings", str(reason), "Set it as .env.example shows.")
    return Finding("settings", f"{settings.app_env}, all there")


def _ledger(ledger: Ledger) -> Finding:
    address = ledger.engine.url.render_as_string(hide_password=True)
    try:
        pending = migrations.pending(ledger.engine)
    except OperationalError:
        return Finding("ledger", f"{address} does not answer", "Run `livhana serve`, or check DATABASE_URL.")
    except migrations.LedgerTooNew:
        return Finding("ledger", "was migrated by a newer version", "Install that version of this program.")
    if pending:
        return Finding("ledger", f"{len(pending)} migrations wait", "Run `livhana serve`: it applies them.")
    return Finding("ledger", "answers, every migration applied")


def _cache(settings: Settings) -> Finding:
    with open_cache(settings.cache) as cache:
        try:
            cache.ping()
        except redis.RedisError:
            return Finding("cache", "does not answer", "Run `livhana serve`, or check REDIS_URL.")
    return Finding("cache", "answers")


def _warehouse(settings: Settings) -> Iterator[Finding]:
    warehouse = DuckLake(
        settings.ledger.url, settings.warehouse.folder, TABLES, now=system_clock, read_only=True
    )
    try:
        drift = warehouse.drift()
    finally:
        warehouse.close()
    yield from (
        Finding("warehouse", says, "The relay mends it when it starts: run `livhana serve`.")
        for says in drift
    )
    if not drift:
        yield Finding("warehouse", "as declared")


def _embedder(settings: Settings) -> Finding:
    folder = settings.var / "models" / model_name()
    if folder.is_dir():
        return Finding("embedder", "made")
    return Finding("embedder", f"{folder} is missing", "Run `livhana serve`: it makes it.")


def _vectors(ledger: Ledger) -> Iterator[Finding]:
    whole = func.octet_length(INTERACTIONS.c.vectors) == BYTES_OF_VECTORS
    with ledger.transaction() as connection:
        count, good = connection.execute(
            select(func.count(), func.count().filter(whole)).select_from(INTERACTIONS)
        ).one()
    if good < count:
        yield Finding(
            "vectors",
            f"{count - good} of {count} interactions lack theirs",
            "Learn them again from the ledger.",
        )
    else:
        yield Finding("vectors", f"{count} interactions, all with theirs")


def look_at_pinecone(settings: Settings, ledger: Ledger) -> Iterator[Finding]:
    """As far as the sizes of its namespaces tell."""
    from pinecone import PineconeError  # noqa: PLC0415 - it takes a second to load

    from memory.retrieval.index.pinecone import open_pinecone  # noqa: PLC0415

    with closing(open_pinecone(settings.pinecone, ledger, zone=ZoneInfo("UTC"))) as index:
        try:
            found = index.audit()
        except PineconeError as error:
            yield Finding("pinecone", f"refuses: {error}", REACH_PINECONE)
            return
    if found.differing or found.strays:
        says = f"{len(found.differing)} customers differ from the ledger, {len(found.strays)} are not in it"
        yield Finding("pinecone", says, "The scheduler mends it within an hour: run `livhana serve`.")
    else:
        yield Finding("pinecone", "as the ledger")


def _when_reachable(
    part: str, look: Callable[[], Iterator[Finding]], *, mend: str = "Mend the ledger first."
) -> Iterator[Finding]:
    try:
        yield from look()
    except (SQLAlchemyError, ShopError):
        yield Finding(part, "cannot be looked at", mend)
