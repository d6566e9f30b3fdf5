import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from foundation.embedded import EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey

ROOT = Path(__file__).parent.parent.parent
START_AND_DIE = """
import os, signal, sys
from pathlib import Path
from foundation import embedded
getattr(embedded, sys.argv[1])(Path(sys.argv[2])).start()
os.kill(os.getpid(), signal.SIGKILL)
"""
Server = EmbeddedPostgres | EmbeddedValkey

pytestmark = pytest.mark.slow


@pytest.fixture
def own_postgres(servers_folder: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(servers_folder / f"pg{abs(hash(request.node.name)) % 10_000}", durable=False)
    yield server
    server.stop()


@pytest.fixture
def own_valkey(servers_folder: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(servers_folder / f"vk{abs(hash(request.node.name)) % 10_000}")
    yield server
    server.stop()


@pytest.fixture(params=["postgres", "valkey"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(f"own_{request.param}")
    return found


def _pid(server: Server) -> int:
    process = server.process()
    assert process is not None
    return int(process.pid)


def _connect(server: EmbeddedPostgres) -> psycopg.Connection:
    return psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True)


class TestEveryServer:
    def test_second_start_adopts_the_running_one(self, server: Server) -> None:
        server.start()
        first = _pid(server)

        type(server)(server.folder).start()

        assert _pid(server) == first

    def test_it_runs_in_a_session_of_its_own(self, server: Server) -> None:
        server.start()

        assert os.getsid(_pid(server)) != os.getsid(0)

    def test_starter_that_is_killed_leaves_it_for_the_next(self, server: Server) -> None:
        command = [sys.executable, "-c", START_AND_DIE, type(server).__name__, str(server.folder)]
        died = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - written above
        left = _pid(server)

        server.start()

        assert died.returncode == -signal.SIGKILL
        assert _pid(server) == left

    def test_stopped_server_is_gone_and_can_start_again(self, server: Server) -> None:
        server.start()

        server.stop()
        stopped = server.process()
        server.start()

        assert stopped is None
        assert server.process() is not None

    def test_stop_without_a_server_is_no_error(self, server: Server) -> None:
        server.stop()

        assert server.process() is None

    def test_two_starts_at_once_give_one_server(self, server: Server) -> None:
        pids: list[int] = []

        def start() -> None:
            another = type(server)(server.folder)
            another.start()
            pids.append(_pid(another))

        threads = [threading.Thread(target=start) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(pids) == 3
        assert len(set(pids)) == 1

    @pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
    def test_path_too_long_for_a_socket_is_said(self, tmp_path: Path, kind: type[Server]) -> None:
        with pytest.raises(EmbeddedServerError, match="set VAR_DIR to a shorter path"):
            kind(tmp_path / ("long" * 30)).start()


class TestPostgres:
    def test_data_outlives_a_stop(self, own_postgres: EmbeddedPostgres) -> None:
        own_postgres.start()
        with _connect(own_postgres) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS number")

        own_postgres.stop()
        own_postgres.start()

        with _connect(own_postgres) as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]

    def test_it_can_be_reached_through_its_own_folder_only(self, own_postgres: EmbeddedPostgres) -> None:
        own_postgres.start()

        with _connect(own_postgres) as connection:
            listens = connection.execute("SHOW listen_addresses").fetchone()
        assert listens == ("",)
        assert own_postgres.folder.stat().st_mode & 0o077 == 0

    def test_what_an_interrupted_first_start_left_is_swept_away(self, own_postgres: EmbeddedPostgres) -> None:
        draft = own_postgres.folder.with_name(f"{own_postgres.folder.name}.new")
        draft.mkdir()
        (draft / "PG_VERSION").write_text("18")

        own_postgres.start()

        assert not draft.exists()
        assert own_postgres.process() is not None

    def test_pid_that_went_to_another_program_is_not_mistaken(self, own_postgres: EmbeddedPostgres) -> None:
        own_postgres.start()
        own_postgres.stop()
        (own_postgres.folder / "postmaster.pid").write_text(f"{os.getpid()}\n")

        own_postgres.start()

        assert _pid(own_postgres) != os.getpid()

    def test_foreign_folder_is_refused_in_a_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").touch()

        with pytest.raises(EmbeddedServerError, match="is not a PostgreSQL folder: move it away"):
            EmbeddedPostgres(tmp_path).start()

    def test_folder_of_another_version_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "PG_VERSION").write_text("16\n")

        with pytest.raises(EmbeddedServerError, match="was made by PostgreSQL 16, not 18"):
            EmbeddedPostgres(tmp_path).start()

    def test_broken_data_is_told_and_not_started(self, own_postgres: EmbeddedPostgres) -> None:
        own_postgres.start()
        own_postgres.stop()
        (own_postgres.folder / "global" / "pg_control").write_bytes(b"broken")

        with pytest.raises(EmbeddedServerError, match="pg_ctl failed"):
            own_postgres.start()


class TestValkey:
    def test_killed_server_is_started_anew(self, own_valkey: EmbeddedValkey) -> None:
        own_valkey.start()
        process = own_valkey.process()
        assert process is not None
        process.kill()
        process.wait()

        own_valkey.start()

        with redis.Redis.from_url(own_valkey.url) as client:
            assert client.ping()

    def test_it_listens_on_its_socket_only(self, own_valkey: EmbeddedValkey) -> None:
        own_valkey.start()

        with redis.Redis.from_url(own_valkey.url) as client:
            assert client.config_get("port") == {"port": "0"}
