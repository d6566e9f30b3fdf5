import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from foundation.sql import Ledger
from memory.conversations.store import ConversationStore, Stored
from memory.profiles.models import Profile
from memory.profiles.store import ProfileStore
from memory.retrieval.index.base import Match
from memory.retrieval.index.block import Block
from memory.retrieval.index.files import BlockFiles, End
from memory.retrieval.index.local import Indexer, LocalIndex
from memory.retrieval.ranker import Arrays
from tests.memory.conftest import CHICAGO
from tests.memory.retrieval.test_local_index import LOOKALIKES, axis, stored

MANY = 40


@dataclass(frozen=True)
class Stores:
    conversations: ConversationStore
    profiles: ProfileStore


@pytest.fixture
def store(ledger: Ledger) -> Stores:
    return Stores(ConversationStore(ledger), ProfileStore(ledger))


@pytest.fixture
def files(tmp_path: Path) -> BlockFiles:
    return BlockFiles(tmp_path / "index")


@pytest.fixture
def indexer(store: Stores, files: BlockFiles) -> Indexer:
    return Indexer(store.conversations, store.profiles, files=files, zone=CHICAGO, long=10)


def learn(store: Stores, turns: Sequence[Stored]) -> None:
    who = turns[0].interaction.customer_id
    expected, _ = store.profiles.read(who)
    store.profiles.write(who, Profile(), version=turns[-1].position, expected=expected)
    store.conversations.add(turns)


def numbered(first: int, last: int, *, customer_id: str = "cus_ana") -> list[Stored]:
    words = ("gummies", "a tincture", "Do you like berry?", "raffle tickets")
    return [
        stored(number, customer_id=customer_id, message=f"{words[number % 4]} {number}")
        for number in range(first, last + 1)
    ]


def asked(block: Block) -> list[Match]:
    return [*block.search("tinctures of berry", axis(30), limit=9), *block.search("17", axis(9), limit=3)]


def path_of(tmp_path: Path) -> Path:
    return next((tmp_path / "index").glob("*.block"))


def opened(store: Stores, files: BlockFiles) -> Block:
    """As a process does that has just begun."""
    return LocalIndex(store.conversations, zone=CHICAGO, files=files).open("cus_ana")


@pytest.fixture
def expected(store: Stores) -> list[Match]:
    learn(store, numbered(1, MANY))
    return asked(LocalIndex(store.conversations, zone=CHICAGO).open("cus_ana"))


class TestOpening:
    def test_a_file_gives_exactly_what_the_ledger_gives(
        self, store: Stores, files: BlockFiles, indexer: Indexer, expected: list[Match]
    ) -> None:
        indexer.run()

        block = opened(store, files)

        assert files.position("cus_ana") == MANY
        assert asked(block) == expected
        assert block.recent(2) == LocalIndex(store.conversations, zone=CHICAGO).open("cus_ana").recent(2)

    def test_what_came_after_the_file_is_read_from_the_ledger(
        self, store: Stores, files: BlockFiles, indexer: Indexer, expected: list[Match]
    ) -> None:
        indexer.run()
        learn(store, numbered(MANY + 1, MANY + 3))

        block = opened(store, files)

        assert (
            asked(block) == asked(LocalIndex(store.conversations, zone=CHICAGO).open("cus_ana")) != expected
        )

    @pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "other", "list", "gone"])
    def test_a_damaged_file_is_passed_over(
        self,
        store: Stores,
        files: BlockFiles,
        indexer: Indexer,
        expected: list[Match],
        tmp_path: Path,
        damage: str,
    ) -> None:
        indexer.run()
        path = path_of(tmp_path)
        whole = path.read_bytes()
        kept = {
            "cut": whole[:-1],
            "garbage": b"\xff" * 9_000,
            "empty": b"",
            "other": whole.replace(b"cus_ana", b"cus_bob"),
            "list": b"[]\n" + whole,
        }
        path.unlink()
        if damage in kept:
            path.write_bytes(kept[damage])

        assert files.position("cus_ana") == 0
        assert asked(opened(store, files)) == expected

    def test_ids_that_look_alike_have_files_of_their_own(
        self, store: Stores, files: BlockFiles, indexer: Indexer
    ) -> None:
        for who in LOOKALIKES:
            learn(store, numbered(1, 10, customer_id=who))
        indexer.run()

        opened = [files.open(who) for who in LOOKALIKES]

        assert [mapped and mapped.end.id for mapped in opened] == [f"trn_{who}_10" for who in LOOKALIKES]


class TestServing:
    @pytest.mark.parametrize("act", ["truncate", "delete", "replace"])
    def test_what_becomes_of_the_file_does_not_matter(
        self,
        store: Stores,
        files: BlockFiles,
        indexer: Indexer,
        expected: list[Match],
        tmp_path: Path,
        act: str,
    ) -> None:
        indexer.run()
        index = LocalIndex(store.conversations, zone=CHICAGO, files=files)
        index.open("cus_ana")
        path = path_of(tmp_path)

        if act == "truncate":
            os.truncate(path, 100)
        elif act == "delete":
            path.unlink()
        else:
            path.with_suffix(".x").write_bytes(b"")
            path.with_suffix(".x").replace(path)

        assert asked(index.open("cus_ana")) == expected

    def test_what_the_ledger_forgot_is_not_shown(
        self, store: Stores, files: BlockFiles, indexer: Indexer, expected: list[Match], ledger: Ledger
    ) -> None:
        indexer.run()
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM interactions WHERE position = 30")

        found = asked(opened(store, files))

        assert "trn_cus_ana_30" in {match.interaction.id for match in expected}
        assert "trn_cus_ana_30" not in {match.interaction.id for match in found}

    def test_erasing_takes_the_file_too(
        self,
        store: Stores,
        files: BlockFiles,
        indexer: Indexer,
        expected: list[Match],
        ledger: Ledger,
        tmp_path: Path,
    ) -> None:
        indexer.run()
        here, elsewhere = (LocalIndex(store.conversations, zone=CHICAGO, files=files) for _ in range(2))
        here.open("cus_ana")
        elsewhere.open("cus_ana")
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM interactions")

        path_of(tmp_path).with_suffix(".new").write_bytes(b"half of another")
        here.erase("cus_ana")

        assert [path.name for path in (tmp_path / "index").iterdir()] == ["lock"]
        assert asked(here.open("cus_ana")) == asked(elsewhere.open("cus_ana")) == []
        assert expected


class TestIndexer:
    def test_only_long_memories_get_a_file_and_only_grown_ones_another(
        self, store: Stores, files: BlockFiles, indexer: Indexer
    ) -> None:
        learn(store, numbered(1, 9, customer_id="cus_bob"))
        learn(store, numbered(1, MANY))

        written = [indexer.run(), indexer.run()]
        learn(store, numbered(MANY + 1, MANY + 2))
        written.append(indexer.run())
        learn(store, numbered(MANY + 3, MANY + 9))
        written.append(indexer.run())

        assert written == [1, 0, 0, 1]
        assert files.position("cus_ana") == MANY + 9
        assert files.position("cus_bob") == 0

    def test_there_is_one_at_a_time(self, store: Stores, files: BlockFiles, indexer: Indexer) -> None:
        learn(store, numbered(1, MANY))

        with files.alone() as is_alone:
            meanwhile = indexer.run()

        assert (is_alone, meanwhile, indexer.run()) == (True, 0, 1)

    def test_one_that_was_killed_half_way_leaves_the_old_file_and_no_trouble(
        self, store: Stores, files: BlockFiles, indexer: Indexer, expected: list[Match], tmp_path: Path
    ) -> None:
        indexer.run()
        half = path_of(tmp_path).with_suffix(".new")
        half.write_bytes(b"half of it")

        before = asked(opened(store, files))
        learn(store, numbered(MANY + 1, 2 * MANY))
        indexer.run()

        assert before == expected
        assert files.position("cus_ana") == 2 * MANY
        assert not half.exists()

    def test_who_is_forgotten_meanwhile_leaves_no_file(
        self, store: Stores, ledger: Ledger, tmp_path: Path
    ) -> None:
        learn(store, numbered(1, MANY))

        class Forgetting(BlockFiles):
            def write(self, customer_id: str, end: End, arrays: Arrays) -> None:
                with ledger.transaction() as connection:
                    connection.exec_driver_sql("DELETE FROM interactions")
                    store.profiles.bar(customer_id)
                self.erase(customer_id)
                super().write(customer_id, end, arrays)

        Indexer(
            store.conversations, store.profiles, files=Forgetting(tmp_path / "index"), zone=CHICAGO, long=10
        ).run()

        assert list((tmp_path / "index").glob("*.block")) == []

    def test_one_killed_after_writing_what_was_forgotten_is_cleared_away_after(
        self, store: Stores, indexer: Indexer, ledger: Ledger, tmp_path: Path
    ) -> None:
        learn(store, numbered(1, MANY))
        indexer.run()
        with ledger.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM interactions")
            store.profiles.bar("cus_ana")
        (tmp_path / "index" / "of-another-format.v1").write_bytes(b"gummies")

        assert indexer.run() == 0
        assert [path.name for path in (tmp_path / "index").iterdir()] == ["lock"]
