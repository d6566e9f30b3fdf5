from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from foundation.sql import Ledger
from memory.conversations.store import ConversationStore, Stored
from memory.embeddings import DIMENSIONS, Vectors
from memory.retrieval.index.block import Block
from memory.retrieval.index.local import LocalIndex
from tests.memory.conftest import CHICAGO, NOON, said

LOOKALIKES = (
    "cus_ana",
    "CUS_ANA",
    "cus_ana ",
    "cus_an\u00e1",
    "cus_ana\u0301",
    "cus_ana/../cus_b",
    "cus_%61na",
    "*",
    "",
)


def stored(number: int, *, customer_id: str = "cus_ana", message: str = "gummies") -> Stored:
    """A turn whose message lies along the axis of its number."""
    vectors = np.zeros((2, DIMENSIONS), np.float16)
    vectors[0, number] = 1
    return Stored(number, said(number, message, "ok", customer_id=customer_id), vectors)


def axis(number: int) -> Vectors:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[number] = 1
    return vector


@pytest.fixture
def store(ledger: Ledger) -> ConversationStore:
    return ConversationStore(ledger)


class TestBlock:
    def test_the_nearest_turn_is_found_exactly(self) -> None:
        block = Block(CHICAGO)
        block.extend([stored(number) for number in range(1, 50)])

        found = block.search("qqq", axis(30), limit=3)

        assert found[0].interaction.id == "trn_cus_ana_30"
        assert found[0].meaning == pytest.approx(1)

    def test_what_is_held_already_is_not_added_again(self) -> None:
        block = Block(CHICAGO)
        block.extend([stored(1), stored(2)])

        block.extend([stored(2), stored(3)])

        assert [turn.id for turn in block.recent(9)] == ["trn_cus_ana_3", "trn_cus_ana_2", "trn_cus_ana_1"]

    def test_an_empty_one_finds_nothing(self) -> None:
        block = Block(ZoneInfo("UTC"))

        assert block.search("gummies", axis(1), limit=3) == []
        assert block.recent(3) == []
        assert block.size_bytes == 0


class TestLocalIndex:
    def test_only_the_tail_is_read_again(self, store: ConversationStore) -> None:
        index = LocalIndex(store, zone=CHICAGO)
        store.add([stored(1), stored(2)])
        first = index.open("cus_ana")

        store.add([stored(3)])

        assert index.open("cus_ana") is first
        assert len(first.recent(9)) == 3

    def test_customers_used_least_lately_make_room(self, store: ConversationStore) -> None:
        store.add([stored(1, customer_id=who) for who in ("cus_a", "cus_b", "cus_c")])
        size = LocalIndex(store, zone=CHICAGO).open("cus_a").size_bytes
        index = LocalIndex(store, zone=CHICAGO, held_bytes=2 * size)
        first, second = index.open("cus_a"), index.open("cus_b")
        index.open("cus_a")

        index.open("cus_c")

        assert index.open("cus_a") is first
        assert index.open("cus_b") is not second

    def test_a_customer_too_large_to_hold_is_still_answered(self, store: ConversationStore) -> None:
        store.add([stored(1)])
        index = LocalIndex(store, zone=CHICAGO, held_bytes=1)

        assert len(index.open("cus_ana").recent(9)) == 1
        assert len(index.open("cus_ana").recent(9)) == 1

    def test_erasing_lets_go_of_the_customer(self, store: ConversationStore) -> None:
        index = LocalIndex(store, zone=CHICAGO)
        store.add([stored(1)])
        held = index.open("cus_ana")

        index.erase("cus_ana")

        assert index.open("cus_ana") is not held
        index.erase("cus_nobody")

    def test_what_grew_too_old_is_let_go_of_by_every_process(
        self, store: ConversationStore, ledger: Ledger
    ) -> None:
        index = LocalIndex(store, zone=CHICAGO)
        store.add([stored(1), stored(2)])
        index.open("cus_ana")
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM interactions WHERE position = 1")

        assert [turn.id for turn in index.open("cus_ana").recent(9)] == ["trn_cus_ana_2"]

    def test_of_an_imported_past_too(self, store: ConversationStore, ledger: Ledger) -> None:
        index = LocalIndex(store, zone=CHICAGO)
        imported = replace(stored(1).interaction, id="trn_old", at=NOON - timedelta(days=700))
        store.add([stored(1), Stored(2, imported, stored(2).vectors), stored(3)])
        index.open("cus_ana")
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM interactions WHERE id = 'trn_old'")

        assert [turn.id for turn in index.open("cus_ana").recent(9)] == ["trn_cus_ana_3", "trn_cus_ana_1"]
