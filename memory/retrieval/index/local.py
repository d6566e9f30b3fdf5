"""Exact search over a customer's turns, cached in this process and updated from the ledger."""

import threading
from collections import OrderedDict
from functools import partial
from zoneinfo import ZoneInfo

from foundation.resilience import one_by_one
from memory.conversations.store import PAGE, ConversationStore
from memory.profiles.store import ProfileStore
from memory.retrieval.index.block import Base, Block
from memory.retrieval.index.files import BlockFiles

LONG = 500
"""Turns from which a file is opened quicker than as many rows are read."""
GROWN = 8
"""A file is written anew when so many-th of it came since."""


class LocalIndex:
    """Holds the customers used last, up to `held_bytes` or one; the ledger remains the truth.

    Each use reads what lies beyond the last turn held, and the last one itself: is that gone, the
    customer was erased, and so is what is held of them; is the oldest one gone, old turns were. A
    customer not held yet is begun from their file, where there is one; one that does not fit the
    ledger goes.
    """

    def __init__(
        self,
        conversations: ConversationStore,
        *,
        zone: ZoneInfo,
        held_bytes: int = 256 * 2**20,
        files: BlockFiles | None = None,
    ) -> None:
        self._conversations = conversations
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
            self.erase(customer_id)
            block = Block(self._zone)
            self._is_brought_up(customer_id, block)
        self._keep(customer_id, block)
        return block

    def erase(self, customer_id: str) -> None:
        with self._lock:
            self._drop(customer_id)
        if self._files is not None:
            self._files.erase(customer_id)

    def left(self, customer_id: str) -> int:
        return self._files.left(customer_id) if self._files else 0

    def _begun(self, customer_id: str) -> Block:
        mapped = self._files.open(customer_id) if self._files else None
        if mapped is None:
            return Block(self._zone)
        at, latest = (
            partial(self._conversations.at, customer_id),
            partial(self._conversations.latest, customer_id),
        )
        return Block(self._zone, base=Base(mapped, at=at, latest=latest))

    def _is_brought_up(self, customer_id: str, block: Block) -> bool:
        """False when its oldest or its last turn is gone."""
        end = block.end
        oldest, news = self._conversations.news(customer_id, end.position if end else 0)
        if end and (oldest is None or oldest > end.oldest or news[0].interaction.id != end.id):
            return False
        block.extend(news)
        if len(news) == PAGE:
            for page in self._conversations.pages(customer_id, news[-1].position + 1):
                block.extend(page)
        return True

    def _keep(self, customer_id: str, block: Block) -> None:
        with self._lock:
            self._drop(customer_id)
            size = block.size_bytes
            if size:
                self._blocks[customer_id] = block, size
                self._total_bytes += size
            while self._total_bytes > self._held_bytes and len(self._blocks) > 1:
                self._drop(next(iter(self._blocks)))

    def _drop(self, customer_id: str) -> None:
        _, size = self._blocks.pop(customer_id, (None, 0))
        self._total_bytes -= size


class Indexer:
    """Writes the files of customers with many turns; of all processes that may, one does."""

    def __init__(
        self,
        conversations: ConversationStore,
        profiles: ProfileStore,
        *,
        files: BlockFiles,
        zone: ZoneInfo,
        long: int = LONG,
    ) -> None:
        self._conversations = conversations
        self._profiles = profiles
        self._files = files
        self._zone = zone
        self._long = long

    def run(self) -> int:
        """How many files were written; files of other customers are deleted."""
        with self._files.alone() as is_alone:
            if not is_alone:
                return 0
            long = self._profiles.long_memories(self._long)
            self._files.retain(customer_id for customer_id, _ in long)
            behind = [who for who, position in long if self._is_behind(who, position)]
            index = LocalIndex(self._conversations, zone=self._zone, held_bytes=0, files=self._files)
            return one_by_one(partial(self._write, index), behind, failed="index_file_failed")

    def _is_behind(self, customer_id: str, position: int) -> bool:
        kept = self._files.position(customer_id)
        return position - kept > kept / GROWN

    def _write(self, index: LocalIndex, customer_id: str) -> bool:
        block = index.open(customer_id)
        if block.end is None:
            return False
        self._files.write(customer_id, block.end, block.arrays())
        index.open(customer_id)  # does it no longer fit the ledger, the customer was forgotten meanwhile
        return True
