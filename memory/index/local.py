"""Exact search over a customer's own turns, held in this process and kept up to date from the ledger."""

import threading
from collections import OrderedDict
from functools import partial
from zoneinfo import ZoneInfo

from memory.index.block import Base, Block
from memory.index.files import BlockFiles
from memory.store import MemoryStore

LONG = 500
"""Turns from which a file is opened quicker than as many rows are read."""
GROWN = 8
"""A file is written anew when so many-th of it came since."""


class LocalIndex:
    """Holds the customers used last, up to `held_bytes`; the ledger remains the truth.

    Each use reads what lies beyond the last turn held, and the last one itself: is that gone, the
    customer was erased, and so is what is held of them; is the first one gone, old turns were. A
    customer not held yet is begun from their file, where there is one.
    """

    def __init__(
        self,
        store: MemoryStore,
        *,
        zone: ZoneInfo,
        held_bytes: int = 256 * 2**20,
        files: BlockFiles | None = None,
    ) -> None:
        self._store = store
        self._zone = zone
        self._held_bytes = held_bytes
        self._files = files
        self._blocks: OrderedDict[str, tuple[Block, int]] = OrderedDict()
        self._total_bytes = 0
        self._lock = threading.Lock()

    def open(self, customer_id: str) -> Block:
        with self._lock:
            held, _ = self._blocks.get(customer_id, (None, 0))
        block = held or self._begun(customer_id)
        if not (block.is_sound and self._is_brought_up(customer_id, block)):
            block = Block(self._zone)
            block.extend(self._store.since(customer_id, 0))
        self._keep(customer_id, block)
        return block

    def erase(self, customer_id: str) -> None:
        with self._lock:
            self._drop(customer_id)
        if self._files is not None:
            self._files.erase(customer_id)

    def _begun(self, customer_id: str) -> Block:
        mapped = self._files.open(customer_id) if self._files else None
        if mapped is None:
            return Block(self._zone)
        at, latest = partial(self._store.at, customer_id), partial(self._store.latest, customer_id)
        return Block(self._zone, base=Base(mapped, at=at, latest=latest))

    def _is_brought_up(self, customer_id: str, block: Block) -> bool:
        """False when its first or its last turn is gone."""
        end = block.end
        first, news = self._store.news(customer_id, end.position if end else 0)
        if end is not None and (not news or news[0].interaction.id != end.id or first != block.first):
            return False
        block.extend(news)
        return True

    def _keep(self, customer_id: str, block: Block) -> None:
        with self._lock:
            self._drop(customer_id)
            size = block.size_bytes
            if size:
                self._blocks[customer_id] = block, size
                self._total_bytes += size
            while self._total_bytes > self._held_bytes:
                self._drop(next(iter(self._blocks)))

    def _drop(self, customer_id: str) -> None:
        _, size = self._blocks.pop(customer_id, (None, 0))
        self._total_bytes -= size


class Indexer:
    """Writes the files of customers with many turns; of all processes that may, one does."""

    def __init__(self, store: MemoryStore, *, files: BlockFiles, zone: ZoneInfo, long: int = LONG) -> None:
        self._store = store
        self._files = files
        self._long = long
        self._index = LocalIndex(store, zone=zone, held_bytes=0, files=files)

    def run(self) -> int:
        """How many files were written."""
        with self._files.alone() as is_alone:
            long = self._store.long_memories(self._long) if is_alone else []
            behind = [who for who, position in long if self._is_behind(who, position)]
            for customer_id in behind:
                self._write(customer_id)
        return len(behind)

    def _is_behind(self, customer_id: str, position: int) -> bool:
        kept = self._files.position(customer_id)
        return position - kept > kept / GROWN

    def _write(self, customer_id: str) -> None:
        block = self._index.open(customer_id)
        if block.end is not None:
            self._files.write(customer_id, block.end, block.arrays())
        if self._store.is_barred(customer_id):
            self._files.erase(customer_id)
