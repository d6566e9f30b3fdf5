"""A customer with twenty thousand turns, with whom nothing may take long or much room."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evals.benchmarks.recall.bulk_load import fill
from foundation.sql import Ledger
from memory.conversations.store import ConversationStore
from memory.embeddings import DIMENSIONS
from memory.profiles.store import ProfileStore
from memory.retrieval.index.files import BlockFiles
from memory.retrieval.index.local import Indexer, LocalIndex
from tests.memory.conftest import CHICAGO
from tests.memory.retrieval.test_local_index import axis

TURNS = 20_000
SEARCHES = 20
MEBIBYTE = 2**20


def cpu_ms(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return (time.thread_time() - began) * 1000


@pytest.mark.slow
def test_a_long_memory_is_opened_searched_and_held_within_bounds(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, "cus_ana", turns=TURNS, needle=7_777, meaning=np.stack([axis(1), axis(2)]))
    store, files = ConversationStore(ledger), BlockFiles(tmp_path / "index")
    Indexer(store, ProfileStore(ledger), files=files, zone=CHICAGO).run()
    index = LocalIndex(store, zone=CHICAGO, files=files, held_bytes=1)

    opening = cpu_ms(lambda: index.open("cus_ana"))
    block = index.open("cus_ana")
    searches = [cpu_ms(lambda: block.search("which saxophone", axis(1), limit=5)) for _ in range(SEARCHES)]

    assert block.search("saxophone", axis(1), limit=1)[0].interaction.id == "trn_7777"
    assert index.open("cus_ana") is block
    assert block.size_bytes < 8 * MEBIBYTE < TURNS * 2 * DIMENSIONS * 4
    assert np.percentile(searches, 95) < 60
    assert opening < 500
