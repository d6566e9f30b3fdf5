"""Where past turns are searched for: in this machine's memory and files, or with Pinecone."""

from functools import cached_property
from typing import TYPE_CHECKING

from api.containers.adapters.erasure import INDEX
from api.containers.shop import Shop
from memory.retrieval.index.base import TurnIndex
from memory.retrieval.index.files import BlockFiles
from memory.retrieval.index.local import Indexer, LocalIndex
from memory.store import MemoryStore

if TYPE_CHECKING:
    from memory.retrieval.index.pinecone import PineconeIndex


class Recall(Shop):
    """The shop with an index of what was said in it."""

    def close(self) -> None:
        if "pinecone" in self.__dict__ and self.pinecone:
            self.pinecone.close()
        super().close()

    @cached_property
    def turn_index(self) -> TurnIndex:
        store = MemoryStore(self.ledger)
        return self.pinecone or LocalIndex(store, zone=self.calendar.zone, files=self.index_files)

    @cached_property
    def index_files(self) -> BlockFiles:
        return BlockFiles(self.settings.var / INDEX)

    @cached_property
    def indexer(self) -> Indexer:
        return Indexer(MemoryStore(self.ledger), files=self.index_files, zone=self.calendar.zone)

    @cached_property
    def pinecone(self) -> "PineconeIndex | None":
        """None where the settings do not choose it."""
        if not self.settings.pinecone.is_chosen:
            return None
        from memory.retrieval.index.pinecone import open_pinecone  # noqa: PLC0415 - its SDK takes a second to load

        return open_pinecone(self.settings.pinecone, self.ledger, zone=self.calendar.zone)
