"""The index of past turns as the house keeps it: its chores, its part in forgetting, what a check says."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import stamina
from pydantic import SecretStr

from api.containers import House, build
from api.containers.adapters.erasure import LocalFiles, TurnVectors
from api.entrypoints.check import examine, look_at_pinecone
from api.entrypoints.scheduler import index_chores
from commerce.customers.account_closure import AccountClosure
from commerce.customers.models import NewCustomer
from demo.fakes.pinecone import FakePinecone
from evals.benchmarks.recall.bulk_load import BEGIN, NEEDLE, fill
from foundation.holdings import Left, Traces
from foundation.settings import PineconeSettings, Settings
from memory.embeddings import DIMENSIONS
from memory.engine import KEPT
from memory.erasure.models import Erasure, Status, Trail
from memory.erasure.service import Forgetting, Secrets, Surroundings
from memory.retrieval.index.files import BlockFiles, End
from memory.retrieval.index.local import Indexer
from memory.retrieval.ranker import Arrays
from memory.store import MemoryStore
from tests.api.conftest import ANA, brain
from tests.fakes import FakeClock
from tests.memory.conftest import CHICAGO, said

LONG = 500
KEY = "stand"
OpenHouse = Callable[..., House]

pytestmark = pytest.mark.slow


@pytest.fixture
def open_house(live_settings: Settings, clock: FakeClock, tmp_path: Path) -> Iterator[OpenHouse]:
    """With a folder and, where it is asked for, a Pinecone of its own; Ana is known in it."""
    opened: list[House] = []

    def open_one(**given: object) -> House:
        settings = live_settings.model_copy(update={"var": tmp_path / "var", **given})
        house = build(settings, clock=clock, brain=brain())
        opened.append(house)
        house.customers.register(NewCustomer("Ana Alvarez", "ana@example.com", state="TX"), customer_id=ANA)
        return house

    yield open_one
    for house in opened:
        house.close()


def talk(house: House, turns: int) -> None:
    """What Ana said, kept without the work of embedding it."""
    fill(house.ledger, ANA, turns=turns, needle=2, meaning=np.eye(2, DIMENSIONS, dtype=np.float32))


def forgetting(house: House) -> Forgetting:
    """The house's, of the index alone: asking the warehouse takes a second."""
    around = Surroundings(
        (TurnVectors(house.turn_index),),
        AccountClosure(house.customers, house.access, services=()),
        LocalFiles(house.settings.var, house.ledger, is_embedded=False),
    )
    secrets = Secrets(house.key_ring, house.data_keys, house.digests)
    return Forgetting(
        house.ledger, rows=house.personal_rows, surroundings=around, secrets=secrets, now=house.now
    )


def forget(house: House) -> Erasure:
    return forgetting(house).forget(ANA, by=ANA)


def search(house: House) -> list[Left]:
    return forgetting(house).search(Trail(Traces(ANA, ("ana@example.com",), (NEEDLE,))))


def chore(house: House, name: str) -> int:
    return next(each for each in index_chores(house, CHICAGO) if each.name == name).do()


class TestFiles:
    @pytest.fixture
    def house(self, open_house: OpenHouse) -> House:
        house = open_house()
        talk(house, LONG)
        return house

    @pytest.fixture
    def folder(self, house: House) -> Path:
        return house.settings.var / "index"

    def test_scheduler_writes_them_and_recall_begins_from_them(self, house: House) -> None:
        assert chore(house, "index_memories") == 1
        assert house.index_files.position(ANA) == LONG
        assert house.memory.recall(ANA, "a saxophone?")[0].interaction.message == NEEDLE

    def test_forgetting_takes_the_file_and_would_have_found_it(self, house: House, folder: Path) -> None:
        house.indexer.run()
        (file,) = folder.glob("*.block")
        shutil.copy(file, folder / "kept")
        found = search(house)

        erasure = forget(house)
        shutil.copy(folder / "kept", file)
        resurrected = house.turn_index.left(ANA)
        forgetting(house).purge()

        assert Left("vectors", "index", 1) in found
        assert (erasure.status, erasure.left, resurrected) == (Status.ERASED, [], 1)
        assert not file.exists()
        assert forgetting(house).find(erasure.id).left == [Left("files", "index/kept", 1)]
        house.indexer.run()
        forgetting(house).purge()
        assert forgetting(house).find(erasure.id).status is Status.PURGED

    def test_what_grows_too_old_goes_from_the_file_too(self, house: House, clock: FakeClock) -> None:
        house.indexer.run()
        moment = BEGIN + timedelta(hours=4)
        clock.advance(moment + KEPT - clock())

        house.memory.expire()
        left = house.turn_index.left(ANA)
        house.indexer.run()

        mapped = house.index_files.open(ANA)
        assert left == 0
        assert mapped
        assert mapped.end.oldest == moment
        found = house.memory.recall(ANA, f"a saxophone, or gummies number {mapped.end.position}?")
        assert found
        assert NEEDLE not in [each.interaction.message for each in found]

    def test_who_is_forgotten_while_the_indexer_writes_does_not_come_back(
        self, house: House, folder: Path
    ) -> None:
        class Meanwhile(BlockFiles):
            def write(self, customer_id: str, end: End, arrays: Arrays) -> None:
                forget(house)
                super().write(customer_id, end, arrays)

        Indexer(MemoryStore(house.ledger), files=Meanwhile(folder), zone=CHICAGO).run()

        assert [path.name for path in folder.iterdir()] == ["lock"]
        assert search(house) == []


class TestPinecone:
    @pytest.fixture
    def fake(self) -> FakePinecone:
        return FakePinecone(KEY, DIMENSIONS)

    @pytest.fixture
    def house(self, open_house: OpenHouse, fake: FakePinecone) -> Iterator[House]:
        with fake.serving() as host, stamina.set_testing(True, attempts=2, cap=True):
            chosen = PineconeSettings(PINECONE_HOST=host, PINECONE_API_KEY=SecretStr(KEY))
            house = open_house(pinecone=chosen)
            yield house
            house.close()

    def test_scheduler_settles_what_was_learned_and_recall_finds_it(
        self, house: House, fake: FakePinecone
    ) -> None:
        house.memory.learn(said(1, "I sleep badly", customer_id=ANA))
        folder = house.settings.var / "index"
        folder.mkdir(parents=True)
        (folder / "of-before.block").write_bytes(b"gummies")

        settled = [chore(house, "settle_vectors") for _ in range(3)]

        assert settled == [1, 1, 0]
        assert (chore(house, "repair_vectors"), chore(house, "drop_index_files")) == (0, 1)
        assert [len(space) for space in fake.spaces.values()] == [2]
        assert house.memory.recall(ANA, "sleep")[0].interaction.message == "I sleep badly"
        assert list(folder.glob("*.block")) == []

    def test_forgetting_waits_until_pinecone_does_not_know_them_any_more(
        self, house: House, fake: FakePinecone
    ) -> None:
        talk(house, 3)
        chore(house, "settle_vectors")
        fake.troubles.extend([500] * 2)
        silent = forget(house)
        fake.is_late = True
        forgetting(house).sweep()
        late = forgetting(house).find(silent.id)
        fake.catch_up()

        forgetting(house).sweep()

        gone = forgetting(house).find(silent.id)
        assert (silent.status, silent.left) == (Status.ASKED, [])
        assert (late.status, late.left) == (Status.ASKED, [Left("vectors", "index", 6)])
        assert (gone.status, gone.left, gone.erased["ledger.interactions"]) == (Status.ERASED, [], 3)
        assert dict(fake.spaces) == {}

    def test_check_tells_of_drift(self, house: House, fake: FakePinecone) -> None:
        house.warehouse.ensure()
        talk(house, 3)
        for _ in range(2):
            chore(house, "settle_vectors")
        well = told(house)
        next(iter(fake.spaces.values())).clear()
        (drifted,) = [(each.says, each.mend) for each in examine(house.settings) if each.part == "pinecone"]
        fake.api_key = "another"

        assert well == ("as the ledger", "")
        assert drifted[0] == "1 customers differ from the ledger, 0 are not in it"
        assert "livhana serve" in drifted[1]
        assert "PINECONE_API_KEY" in told(house)[1]


def told(house: House) -> tuple[str, str]:
    (finding,) = look_at_pinecone(house.settings, house.ledger)
    return finding.says, finding.mend
