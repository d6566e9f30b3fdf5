"""The index of past turns in the container: its scheduled jobs, its erasure, and what a check reports."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import stamina
from pydantic import SecretStr

from api.containers.adapters.erasure import LocalFiles, TurnVectors
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from api.entrypoints.check import examine, look_at_pinecone
from api.entrypoints.scheduler import index_jobs
from commerce.customers.account_closure import AccountClosure
from commerce.customers.models import NewCustomer
from demo.fakes.pinecone import FakePinecone
from evals.benchmarks.recall.bulk_load import BEGIN, NEEDLE, fill
from foundation.holdings import Left, Traces
from foundation.settings import PineconeSettings, Settings
from memory.conversations.store import ConversationStore
from memory.embeddings import DIMENSIONS
from memory.engine import KEPT
from memory.erasure.models import Erasure, Status, Trail
from memory.erasure.service import ErasureDependencies, Erasures, Secrets
from memory.profiles.store import ProfileStore
from memory.retrieval.index.files import BlockFiles, End
from memory.retrieval.index.local import Indexer
from memory.retrieval.ranker import Arrays
from tests.api.conftest import ANA, artifacts
from tests.fakes import FakeClock
from tests.memory.conftest import CHICAGO, said

LONG = 500
KEY = "stand"
OpenContainer = Callable[..., Container]

pytestmark = pytest.mark.slow


@pytest.fixture
def open_container(live_settings: Settings, clock: FakeClock, tmp_path: Path) -> Iterator[OpenContainer]:
    """With a folder and, where it is asked for, a Pinecone of its own; Ana is known in it."""
    opened: list[Container] = []

    def open_one(**given: object) -> Container:
        settings = live_settings.model_copy(update={"var": tmp_path / "var", **given})
        container = build_container(settings, Overrides(clock=clock, artifacts=artifacts()))
        opened.append(container)
        container.commerce.customers.service.register(
            NewCustomer("Ana Alvarez", "ana@example.com", state="TX"), customer_id=ANA
        )
        return container

    yield open_one
    for container in opened:
        container.close()


def talk(container: Container, turns: int) -> None:
    """What Ana said, kept without the work of embedding it."""
    fill(
        container.infrastructure.ledger,
        ANA,
        turns=turns,
        needle=2,
        meaning=np.eye(2, DIMENSIONS, dtype=np.float32),
    )


def forgetting(container: Container) -> Erasures:
    """The container's, of the index alone: asking the warehouse takes a second."""
    around = ErasureDependencies(
        (TurnVectors(container.memory.index.turns),),
        AccountClosure(
            container.commerce.customers.service, container.commerce.customers.access, services=()
        ),
        LocalFiles(container.infrastructure.settings.var, container.infrastructure.ledger, is_embedded=False),
    )
    secrets = Secrets(
        container.infrastructure.keys.ring,
        container.infrastructure.keys.data,
        container.infrastructure.keys.digests,
    )
    return Erasures(
        container.infrastructure.ledger,
        rows=container.memory.erasure.personal_rows,
        dependencies=around,
        secrets=secrets,
        now=container.infrastructure.clock,
    )


def forget(container: Container) -> Erasure:
    return forgetting(container).erase(ANA, by=ANA)


def search(container: Container) -> list[Left]:
    return forgetting(container).search(Trail(Traces(ANA, ("ana@example.com",), (NEEDLE,))))


def scheduled_job(container: Container, name: str) -> int:
    return next(each for each in index_jobs(container, CHICAGO) if each.name == name).do()


class TestFiles:
    @pytest.fixture
    def container(self, open_container: OpenContainer) -> Container:
        container = open_container()
        talk(container, LONG)
        return container

    @pytest.fixture
    def folder(self, container: Container) -> Path:
        return container.infrastructure.settings.var / "index"

    def test_scheduler_writes_them_and_recall_begins_from_them(self, container: Container) -> None:
        assert scheduled_job(container, "index_memories") == 1
        assert container.memory.index.files.position(ANA) == LONG
        assert container.memory.engine.recall(ANA, "a saxophone?")[0].interaction.message == NEEDLE

    def test_forgetting_takes_the_file_and_would_have_found_it(
        self, container: Container, folder: Path
    ) -> None:
        container.memory.index.indexer.run()
        (file,) = folder.glob("*.block")
        shutil.copy(file, folder / "kept")
        found = search(container)

        erasure = forget(container)
        shutil.copy(folder / "kept", file)
        resurrected = container.memory.index.turns.left(ANA)
        forgetting(container).purge()

        assert Left("vectors", "index", 1) in found
        assert (erasure.status, erasure.left, resurrected) == (Status.ERASED, [], 1)
        assert not file.exists()
        assert forgetting(container).find(erasure.id).left == [Left("files", "index/kept", 1)]
        container.memory.index.indexer.run()
        forgetting(container).purge()
        assert forgetting(container).find(erasure.id).status is Status.PURGED

    def test_what_grows_too_old_goes_from_the_file_too(self, container: Container, clock: FakeClock) -> None:
        container.memory.index.indexer.run()
        moment = BEGIN + timedelta(hours=4)
        clock.advance(moment + KEPT - clock())

        container.memory.engine.expire()
        left = container.memory.index.turns.left(ANA)
        container.memory.index.indexer.run()

        mapped = container.memory.index.files.open(ANA)
        assert left == 0
        assert mapped
        assert mapped.end.oldest == moment
        found = container.memory.engine.recall(ANA, f"a saxophone, or gummies number {mapped.end.position}?")
        assert found
        assert NEEDLE not in [each.interaction.message for each in found]

    def test_who_is_forgotten_while_the_indexer_writes_does_not_come_back(
        self, container: Container, folder: Path
    ) -> None:
        class Meanwhile(BlockFiles):
            def write(self, customer_id: str, end: End, arrays: Arrays) -> None:
                forget(container)
                super().write(customer_id, end, arrays)

        ledger = container.infrastructure.ledger
        store, profiles = ConversationStore(ledger), ProfileStore(ledger)
        Indexer(store, profiles, files=Meanwhile(folder), zone=CHICAGO).run()

        assert [path.name for path in folder.iterdir()] == ["lock"]
        assert search(container) == []


class TestPinecone:
    @pytest.fixture
    def fake(self) -> FakePinecone:
        return FakePinecone(KEY, DIMENSIONS)

    @pytest.fixture
    def container(self, open_container: OpenContainer, fake: FakePinecone) -> Iterator[Container]:
        with fake.serving() as host, stamina.set_testing(True, attempts=2, cap=True):
            chosen = PineconeSettings(PINECONE_HOST=host, PINECONE_API_KEY=SecretStr(KEY))
            container = open_container(pinecone=chosen)
            yield container
            container.close()

    def test_scheduler_settles_what_was_learned_and_recall_finds_it(
        self, container: Container, fake: FakePinecone
    ) -> None:
        container.memory.engine.learn(said(1, "I sleep badly", customer_id=ANA))
        folder = container.infrastructure.settings.var / "index"
        folder.mkdir(parents=True)
        (folder / "of-before.block").write_bytes(b"gummies")

        settled = [scheduled_job(container, "settle_vectors") for _ in range(3)]

        assert settled == [1, 1, 0]
        assert (scheduled_job(container, "repair_vectors"), scheduled_job(container, "drop_index_files")) == (
            0,
            1,
        )
        assert [len(space) for space in fake.spaces.values()] == [2]
        assert container.memory.engine.recall(ANA, "sleep")[0].interaction.message == "I sleep badly"
        assert list(folder.glob("*.block")) == []

    def test_forgetting_waits_until_pinecone_does_not_know_them_any_more(
        self, container: Container, fake: FakePinecone
    ) -> None:
        talk(container, 3)
        scheduled_job(container, "settle_vectors")
        fake.troubles.extend([500] * 2)
        silent = forget(container)
        fake.is_late = True
        forgetting(container).sweep()
        late = forgetting(container).find(silent.id)
        fake.catch_up()

        forgetting(container).sweep()

        gone = forgetting(container).find(silent.id)
        assert (silent.status, silent.left) == (Status.ASKED, [])
        assert (late.status, late.left) == (Status.ASKED, [Left("vectors", "index", 6)])
        assert (gone.status, gone.left, gone.erased["ledger.interactions"]) == (Status.ERASED, [], 3)
        assert dict(fake.spaces) == {}

    def test_check_tells_of_drift(self, container: Container, fake: FakePinecone) -> None:
        container.infrastructure.warehouse.ensure()
        talk(container, 3)
        for _ in range(2):
            scheduled_job(container, "settle_vectors")
        well = told(container)
        next(iter(fake.spaces.values())).clear()
        (drifted,) = [
            (each.says, each.mend)
            for each in examine(container.infrastructure.settings)
            if each.part == "pinecone"
        ]
        fake.api_key = "another"

        assert well == ("as the ledger", "")
        assert drifted[0] == "1 customers differ from the ledger, 0 are not in it"
        assert "livhana serve" in drifted[1]
        assert "PINECONE_API_KEY" in told(container)[1]


def told(container: Container) -> tuple[str, str]:
    (finding,) = look_at_pinecone(container.infrastructure.settings, container.infrastructure.ledger)
    return finding.says, finding.mend
