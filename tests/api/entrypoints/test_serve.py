"""The whole house as real processes, opened and closed as a person would."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from foundation.embedded import EmbeddedPostgres, EmbeddedValkey

ROOT = Path(__file__).parents[3]
OPEN = "Ctrl-C closes it."

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow, pytest.mark.kills]


class Place:
    """A machine's folder, and `livhana` run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.valkey = EmbeddedValkey(folder / "valkey")

    def livhana(self, command: str) -> subprocess.Popen[str]:
        settings = [f"VAR_DIR={self.folder}", "PORT=0", "DEMO_CUSTOMERS=10", "APP_ENV=development"]
        return subprocess.Popen(  # noqa: S603 - our own program
            [
                "/usr/bin/env",
                "-C",
                str(ROOT),
                *settings,
                sys.executable,
                "-m",
                "api.entrypoints.cli",
                command,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[str, int]:
        process = self.livhana(command)
        return process.communicate()[0], process.returncode

    def processes(self) -> list[psutil.Process]:
        """All that run for this folder; the servers keep to themselves."""
        noted = psutil.process_iter(["cmdline", "environ"])
        return [each for each in noted if f"VAR_DIR={self.folder}" in _environment(each)]


class Opened:
    """A house that is open; what it printed until then is in `printed`."""

    def __init__(self, place: Place) -> None:
        self.process = place.livhana("serve")
        lines: list[str] = []
        assert self.process.stdout
        for line in self.process.stdout:
            lines.append(line)
            if OPEN in line:
                break
        self.printed = "".join(lines)
        assert OPEN in self.printed, self.printed

    @property
    def address(self) -> str:
        return str(re.findall(r"Chat +(http://\S+)/", self.printed)[0])

    def answers(self) -> bool:
        return httpx.get(f"{self.address}/health", timeout=30).status_code == 200

    def close(self, number: int = signal.SIGINT) -> str:
        self.process.send_signal(number)
        told: str = self.process.communicate(timeout=60)[0]
        return told


def _environment(process: psutil.Process) -> list[str]:
    try:
        return [f"{name}={value}" for name, value in process.environ().items()]
    except psutil.Error:
        return []


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir="/tmp"))
    (folder / "models").symlink_to(ROOT / "var" / "models")
    (ROOT / "var" / "models").mkdir(parents=True, exist_ok=True)
    made = Place(folder)
    yield made
    for process in made.processes():
        process.kill()
    made.valkey.stop()
    made.postgres.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="class")
def house(place: Place) -> Iterator[Opened]:
    opened = Opened(place)
    yield opened
    opened.close()


class TestOpen:
    def test_the_first_start_builds_a_demo_shop_and_prints_logins(self, house: Opened) -> None:
        assert house.answers()
        assert "Building a demo shop of 10 customers, once:" in house.printed
        assert len(re.findall(rf"^{house.address}/#token=[\w.-]+$", house.printed, re.MULTILINE)) == 3

    def test_check_finds_nothing_wrong(self, place: Place, house: Opened) -> None:
        assert house.answers()

        told, code = place.run("check")

        assert code == 0, told

    def test_callers_wait_while_a_killed_api_starts_again(self, place: Place, house: Opened) -> None:
        api = next(each for each in place.processes() if "--listen-fd" in each.cmdline())

        os.kill(api.pid, signal.SIGKILL)

        assert house.answers()


class TestClose:
    def test_ctrl_c_ends_it_to_the_last_process_and_a_later_start_finds_the_shop(self, place: Place) -> None:
        house = Opened(place)

        told = house.close()

        assert "once" not in house.printed
        assert "Closing…" in told
        assert house.process.returncode == 0
        assert place.processes() == []
        assert (place.postgres.process(), place.valkey.process()) == (None, None)

    def test_check_says_to_open_it(self, place: Place) -> None:
        told, code = place.run("check")

        assert code == 1
        assert "Run `livhana serve`" in told

    def test_what_a_killed_supervisor_left_is_ended_or_adopted(self, place: Place) -> None:
        first = Opened(place)
        servers = (place.postgres.process(), place.valkey.process())
        left = {each for each in place.processes() if each.pid != first.process.pid}
        first.close(signal.SIGKILL)

        second = Opened(place)

        assert "Ended what an earlier run had left behind." in second.printed
        assert second.answers()
        assert (place.postgres.process(), place.valkey.process()) == servers
        assert not left & set(place.processes())
        second.close(signal.SIGTERM)
        assert place.processes() == []
