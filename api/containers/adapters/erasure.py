"""Stores outside the ledger that hold personal data, each through the port of an erasure."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import select

from agent.turns.tables import turns
from api.containers.warehouse_tables import TABLES
from commerce.notices.files import files_of
from commerce.notices.store import notices
from foundation.cache import answering, stream_key
from foundation.compaction import compact
from foundation.files import holding
from foundation.holdings import Left, Traces
from foundation.outbox import DELIVERIES, OUTBOX
from foundation.personal import declaration_of
from foundation.sql import Ledger, metadata
from foundation.warehouse.base import CATALOG_SCHEMA, Warehouse
from foundation.warehouse.schema import FieldType, Table
from memory.retrieval.index.base import TurnIndex

MODELS = "models"
"""The folder of model artifacts, which hold no personal data."""
INDEX = "index"
"""The folder of per-customer index files."""
AT_A_TIME = 1_000
KEPT_TOPICS = frozenset(table.topic for table in TABLES.values() if table.is_kept_by_law)
IS_KEPT = OUTBOX.c.topic.in_(KEPT_TOPICS)
RETAINED_BY_LAW = {
    OUTBOX.name: IS_KEPT,
    DELIVERIES.name: DELIVERIES.c.event_id.in_(select(OUTBOX.c.id).where(IS_KEPT)),
}
"""Records that the law retains still go to the warehouse, and leave the outbox a week later."""


class CacheEntries:
    """Redis or Valkey: event streams of turns, proofs of age, rate limits."""

    name = "cache"

    def __init__(self, cache: redis.Redis, ledger: Ledger) -> None:
        self._cache = cache
        self._ledger = ledger

    def handles(self, customer_id: str) -> Sequence[str]:
        with self._ledger.transaction() as connection:
            theirs = select(turns.c.id).where(turns.c.principal_id == customer_id)
            return list(connection.execute(theirs).scalars())

    def erase(self, customer_id: str, handles: Sequence[str]) -> int:
        keys = [f"age:{customer_id}", f"rate:principal:{customer_id}", *map(stream_key, handles)]
        with answering():
            return sum(
                int(self._cache.delete(*keys[at : at + AT_A_TIME])) for at in range(0, len(keys), AT_A_TIME)
            )

    def left(self, traces: Traces, handles: Sequence[str]) -> list[Left]:
        with answering():
            streams = [key for key in map(stream_key, handles) if self._cache.exists(key)]
            words = [word.encode() for word in (traces.customer_id, *traces.marks)]
            telling = [key for key in self._cache.scan_iter(count=AT_A_TIME) if self._tells(key, words)]
        found = sorted({*streams, *(key.decode(errors="replace") for key in telling)})
        return [Left(self.name, key, 1) for key in found]

    def _tells(self, key: bytes, words: Sequence[bytes]) -> bool:
        content = key + b"\n" + (self._cache.dump(key) or b"")
        return any(word in content for word in words)


class SentMessages:
    """The files of e-mails and text messages that were sent."""

    name = "letters"

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._ledger = ledger

    def handles(self, customer_id: str) -> Sequence[str]:
        with self._ledger.transaction() as connection:
            theirs = select(notices.c.id).where(notices.c.customer_id == customer_id)
            return list(connection.execute(theirs).scalars())

    def erase(self, customer_id: str, handles: Sequence[str]) -> int:  # noqa: ARG002 - a message is known by its id
        files = list(self._files(handles))
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)

    def left(self, traces: Traces, handles: Sequence[str]) -> list[Left]:
        kept = {*self._files(handles), *holding(self._folder, traces.marks)}
        return [Left(self.name, file.name, 1) for file in sorted(kept)]

    def _files(self, handles: Sequence[str]) -> Iterator[Path]:
        for notice_id in handles:
            yield from files_of(self._folder, notice_id)


class TurnVectors:
    """The index of past turns."""

    name = "vectors"

    def __init__(self, index: TurnIndex) -> None:
        self._index = index

    def handles(self, customer_id: str) -> Sequence[str]:  # noqa: ARG002 - the customer's id is the handle
        return ()

    def erase(self, customer_id: str, handles: Sequence[str]) -> int:  # noqa: ARG002
        self._index.erase(customer_id)
        return 0

    def left(self, traces: Traces, handles: Sequence[str]) -> list[Left]:  # noqa: ARG002
        shown = len(self._index.open(traces.customer_id).recent(AT_A_TIME))
        found = {"turns": shown, "index": self._index.left(traces.customer_id)}
        return [Left(self.name, place, count) for place, count in found.items() if count]


class WarehouseRows:
    name = "warehouse"

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def handles(self, customer_id: str) -> Sequence[str]:  # noqa: ARG002 - the customer's id is the handle
        return ()

    def erase(self, customer_id: str, handles: Sequence[str]) -> int:  # noqa: ARG002
        return sum(self._warehouse.erase(customer_id).values())

    def left(self, traces: Traces, handles: Sequence[str]) -> list[Left]:  # noqa: ARG002
        counted = ((table.name, self._count(table, traces)) for table in TABLES.values())
        return [Left(self.name, name, count) for name, count in counted if count]

    def _count(self, table: Table, traces: Traces) -> int:
        wordy = [f.name for f in table.fields if f.type in (FieldType.STRING, FieldType.JSON)]
        text = f"concat_ws(' ', {', '.join(f'CAST({name} AS STRING)' for name in wordy)})"
        words = {f"mark_{number}": word for number, word in enumerate(traces.marks)}
        if not table.is_kept_by_law:
            words["customer_id"] = traces.customer_id
        if not words:
            return 0
        tells = " OR ".join(f"contains({text}, ${name})" for name in words)
        sql = f"SELECT count(*) AS found FROM {table.name} WHERE {tells}"  # noqa: S608 - names are declared
        rows: list[dict[str, Any]] = self._warehouse.query(sql, words)
        return int(rows[0]["found"])


class LocalFiles:
    """The files below `var/`, those of an embedded PostgreSQL included."""

    def __init__(self, folder: Path, ledger: Ledger, *, is_embedded: bool) -> None:
        self._folder = folder
        self._ledger = ledger
        self._is_embedded = is_embedded

    def compact(self) -> None:
        """Every table that holds something of customers, and the warehouse's catalogue."""
        if self._is_embedded:
            personal = [table.name for table in metadata.sorted_tables if declaration_of(table)]
            compact(self._ledger, personal, schemas=[CATALOG_SCHEMA])

    def left(self, traces: Traces) -> list[Left]:
        words = (*traces.marks, *traces.phrases)
        telling = holding(self._folder, words, but=[MODELS])
        theirs = holding(self._folder / INDEX, [f'"{traces.customer_id}"'])
        return [Left("files", str(file.relative_to(self._folder)), 1) for file in {*telling, *theirs}]
