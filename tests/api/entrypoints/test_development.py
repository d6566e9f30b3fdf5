import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from agent.turns.models import TurnStatus
from agent.turns.store import TurnNotFound
from agent.turns.tables import turns
from api.containers.container import Container, build_container
from api.containers.overrides import Overrides
from api.entrypoints.cli import app
from api.entrypoints.development.sources import Sources
from api.entrypoints.development.turns import NotReplayed, replay, show
from tests.api.conftest import Headers, artifacts
from tests.fakes import FakeClock
from tools.confirmations import pending_actions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "turn.py").write_text("attempts = 1\n")
    return tmp_path


class TestSources:
    def test_what_stays_as_it_is_has_not_changed(self, folder: Path) -> None:
        sources = Sources([folder])

        assert not sources.changed()

    def test_a_file_written_again_is_a_change_once(self, folder: Path) -> None:
        sources = Sources([folder])

        (folder / "turn.py").write_text("attempts = 2\n")

        assert sources.changed()
        assert not sources.changed()

    def test_files_that_come_and_go_are_changes(self, folder: Path) -> None:
        sources = Sources([folder])

        (folder / "policies" / "money.md").write_text("# Money\n")
        assert sources.changed()
        shutil.rmtree(folder / "policies")
        assert sources.changed()

    def test_compiled_files_are_none(self, folder: Path) -> None:
        sources = Sources([folder])

        (folder / "turn.cpython-311.pyc").write_bytes(b"")

        assert not sources.changed()


@pytest.mark.slow
class TestMigration:
    def test_without_a_difference_it_says_so(self) -> None:
        told = CliRunner().invoke(app, ["dev", "migration", "nothing_new"])

        assert told.stdout == "The migrations make the declared tables already: nothing was written.\n"
        assert told.exit_code == 0

    def test_unusable_name_is_refused_in_one_sentence(self) -> None:
        told = CliRunner().invoke(app, ["dev", "migration", "Not a name"])

        assert told.exit_code == 1
        assert told.stderr.count("\n") == 1

    def test_recorded_migrations_are_not_recorded_again(self) -> None:
        told = CliRunner().invoke(app, ["dev", "record-migrations"])

        assert told.stdout == "Every migration is recorded already.\n"


@pytest.mark.slow
class TestTurns:
    @pytest.fixture
    def asked(self, client: TestClient, container: Container, ana: Headers) -> str:
        """A turn whose tool asked for a confirmation."""
        answer = client.post("/api/chat", json={"message": "make me a gold member"}, headers=ana)
        turn_id = str(answer.json()["data"]["turnId"])
        while container.agent().turns.store.turn(turn_id).status != TurnStatus.DONE:
            threading.Event().wait(0.01)
        return turn_id

    @pytest.fixture
    def other_process(self, container: Container, clock: FakeClock) -> Iterator[Container]:
        """The container of the command, beside the service's."""
        container = build_container(
            container.infrastructure.settings, Overrides(clock=clock, artifacts=artifacts())
        )
        yield container
        container.close()

    def test_journal_is_shown_in_its_order(self, container: Container, asked: str) -> None:
        lines = list(show(container.agent().turns.store, asked))

        assert [line.partition(" ")[0] for line in lines] == [
            *("done", "customer:", "model:0", f"tool:call_{asked}_0_0", "model:1", "reply:")
        ]
        assert lines[1] == "customer: make me a gold member"

    def test_replayed_turn_ends_the_same_and_does_nothing_twice(
        self, container: Container, other_process: Container, asked: str
    ) -> None:
        before = list(show(container.agent().turns.store, asked))

        replay(other_process, asked)

        after = list(show(container.agent().turns.store, asked))
        assert after[0].startswith("done after 2 attempts")
        assert after[1:] == before[1:]
        with container.infrastructure.ledger.transaction() as connection:
            assert connection.scalar(select(func.count()).select_from(pending_actions)) == 1

    def test_unknown_turn_is_named_as_such(self, container: Container) -> None:
        with pytest.raises(TurnNotFound):
            replay(container, "trn_nowhere")

    def test_turn_under_way_is_left_alone(self, container: Container, asked: str) -> None:
        with container.infrastructure.ledger.transaction() as connection:
            connection.execute(update(turns).where(turns.c.id == asked).values(status="running"))

        with pytest.raises(NotReplayed, match="The turn is running"):
            replay(container, asked)
