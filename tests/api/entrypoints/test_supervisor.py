import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil
import pytest

from api.entrypoints.supervisor.children import Child
from api.entrypoints.supervisor.roster import Roster
from api.entrypoints.supervisor.supervisor import ChildFailed, Deaths, Development, Left, Supervisor, Timing

QUICK = Timing(ready_seconds=20, delays=(0.01, 0.01, 0.01, 0.01), look_seconds=0.02, grace_seconds=5)
BEGIN = "import os, sys, time, signal, pathlib, subprocess\nhere = pathlib.Path(sys.argv[1])\n"
SAY_READY = "os.write(int(sys.argv[-1]), b'1')\n"
WORK = "signal.pause()\n"


class Noted:
    """A server that writes down when it is opened and closed."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name = name
        self.diary = diary
        self.runs = False

    def process(self) -> psutil.Process | None:
        return psutil.Process() if self.runs else None

    def start(self) -> str:
        self.runs = True
        self.diary.append(f"{self.name} opened")
        return ""

    def stop(self) -> None:
        self.runs = False
        self.diary.append(f"{self.name} closed")


def child(name: str, folder: Path, script: str) -> Child:
    return Child(name, (sys.executable, "-S", "-c", BEGIN + textwrap.dedent(script), str(folder)))


class Scene:
    """A supervisor with its folder, what it told, and its watch running in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roster = Roster.inside(folder)
        self.told: list[str] = []
        self.diary: list[str] = []
        self.servers = {name: Noted(name, self.diary) for name in ("PostgreSQL", "Valkey")}
        self.failure: ChildFailed | None = None
        self._supervisors: list[Supervisor] = []
        self._watch: threading.Thread | None = None

    def supervisor(
        self, *children: Child, timing: Timing = QUICK, development: Development | None = None
    ) -> Supervisor:
        made = Supervisor(
            self.folder,
            children,
            self.servers,
            tell=self.told.append,
            timing=timing,
            development=development,
        )
        self._supervisors.append(made)
        return made

    def watch(self, supervisor: Supervisor) -> threading.Thread:
        def run() -> None:
            with suppress(Left):
                try:
                    supervisor.watch()
                except ChildFailed as failure:
                    self.failure = failure

        self._watch = threading.Thread(target=run)
        self._watch.start()
        return self._watch

    def end(self) -> None:
        if self._watch:
            self._supervisors[-1].leave()
            self._watch.join()
        for supervisor in self._supervisors:
            supervisor.close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "run").mkdir()
    made = Scene(tmp_path)
    yield made
    made.end()


def until(reached: Callable[[], bool]) -> None:
    """Wait for another process to get somewhere; the test's own time limit ends a wait in vain."""
    while not reached():
        threading.Event().wait(0.01)


def lives(folder: Path) -> list[int]:
    """Process ids that the child has written down, one for each of its lives."""
    path = folder / "lives"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


WRITE_PID = "with (here / 'lives').open('a') as book: print(os.getpid(), file=book)\n"


class TestStart:
    def test_it_returns_when_every_child_is_ready(self, scene: Scene) -> None:
        script = "(here / sys.argv[2]).touch()\n" + SAY_READY + WORK
        pair = [Child(n, (*child(n, scene.folder, script).command, n)) for n in ("api", "worker")]

        scene.supervisor(*pair).start()

        assert (scene.folder / "api").exists()
        assert (scene.folder / "worker").exists()

    def test_a_child_that_ends_instead_stops_the_start_with_its_last_words(self, scene: Scene) -> None:
        broken = child("api", scene.folder, "sys.exit('Set JWT_KEYS: production does not start without it.')")

        with pytest.raises(
            ChildFailed, match=r"^The api did not start: Set JWT_KEYS: .* \(see .*api\.log\)$"
        ):
            scene.supervisor(broken).start()

    def test_a_child_that_says_nothing_stops_the_start(self, scene: Scene) -> None:
        silent = child("worker", scene.folder, WORK)

        with pytest.raises(ChildFailed, match="The worker did not become ready"):
            scene.supervisor(silent, timing=Timing(ready_seconds=0.1, grace_seconds=5)).start()

    def test_what_a_child_writes_is_in_its_log(self, scene: Scene) -> None:
        scene.supervisor(
            child("api", scene.folder, "print('hello', flush=True)\n" + SAY_READY + WORK)
        ).start()

        assert (scene.folder / "log" / "api.log").read_text() == "hello\n"

    def test_children_are_beyond_the_reach_of_ctrl_c(self, scene: Scene) -> None:
        scene.supervisor(child("api", scene.folder, WRITE_PID + SAY_READY + WORK)).start()

        assert os.getsid(lives(scene.folder)[0]) != os.getsid(0)


class TestWatch:
    def test_a_killed_child_is_started_again_and_that_is_told(self, scene: Scene) -> None:
        supervisor = scene.supervisor(child("api", scene.folder, WRITE_PID + SAY_READY + WORK))
        supervisor.start()
        scene.watch(supervisor)

        os.kill(lives(scene.folder)[0], signal.SIGKILL)

        until(lambda: "The api is back." in scene.told)
        assert "The api ended (SIGKILL); it starts again in 0.01 s." in scene.told
        assert len(lives(scene.folder)) == 2

    def test_a_child_that_keeps_dying_ends_everything_with_one_sentence(self, scene: Scene) -> None:
        doomed = child(
            "worker", scene.folder, WRITE_PID + SAY_READY + "sys.exit('No room left on the disk.')"
        )
        supervisor = scene.supervisor(doomed)
        supervisor.start()

        scene.watch(supervisor).join()

        assert str(scene.failure).startswith("The worker keeps ending: No room left on the disk. (see ")
        assert len(lives(scene.folder)) == 5

    def test_a_server_that_is_gone_is_opened_again(self, scene: Scene) -> None:
        supervisor = scene.supervisor(child("api", scene.folder, SAY_READY + WORK))
        supervisor.open_servers()
        supervisor.start()
        scene.watch(supervisor)

        scene.servers["Valkey"].runs = False

        until(lambda: scene.diary.count("Valkey opened") == 2)
        assert scene.diary.count("PostgreSQL opened") == 1


class Code:
    """Source files that a test changes."""

    def __init__(self) -> None:
        self._changes: SimpleQueue[None] = SimpleQueue()

    def change(self) -> None:
        self._changes.put(None)

    def changed(self) -> bool:
        try:
            self._changes.get_nowait()
        except Empty:
            return False
        return True


class TestDevelopment:
    def test_changed_code_starts_every_child_again(self, scene: Scene) -> None:
        code = Code()
        supervisor = scene.supervisor(
            child("api", scene.folder, WRITE_PID + SAY_READY + WORK), development=Development(code.changed)
        )
        supervisor.open_servers()
        supervisor.start()
        scene.watch(supervisor)

        code.change()

        until(lambda: "The api is back." in scene.told)
        assert scene.told == ["The code changed: its processes start again.", "The api is back."]
        assert len(lives(scene.folder)) == 2

    def test_a_child_that_ends_waits_for_the_next_change(self, scene: Scene) -> None:
        code = Code()
        broken = "if len((here / 'lives').read_text().split()) < 3: sys.exit(1)\n"
        supervisor = scene.supervisor(
            child("api", scene.folder, WRITE_PID + SAY_READY + broken + WORK),
            development=Development(code.changed),
        )
        supervisor.open_servers()
        supervisor.start()
        scene.watch(supervisor)
        ended = "The api ended (exit code 1); it starts again when the code changes."

        until(lambda: scene.told == [ended])
        code.change()
        until(lambda: scene.told.count(ended) == 2)
        code.change()

        until(lambda: len(lives(scene.folder)) == 3)
        assert scene.failure is None

    def test_what_a_child_writes_goes_to_our_own_output(
        self, scene: Scene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        supervisor = scene.supervisor(
            child("api", scene.folder, "print('hello', flush=True)\n" + SAY_READY + WORK),
            development=Development(Code().changed),
        )

        supervisor.start()

        assert capfd.readouterr().out == "hello\n"
        assert not (scene.folder / "log" / "api.log").exists()

    def test_the_child_with_the_keyboard_stays_in_our_session(self, scene: Scene) -> None:
        made = child("api", scene.folder, WRITE_PID + SAY_READY + WORK)
        supervisor = scene.supervisor(
            replace(made, has_keyboard=True), development=Development(Code().changed)
        )

        supervisor.start()

        assert os.getsid(lives(scene.folder)[0]) == os.getsid(0)


class TestDeaths:
    def test_each_wait_is_longer_until_there_is_none(self) -> None:
        deaths = Deaths(Timing())

        assert [deaths.note(now) for now in (0, 5, 10, 15, 20)] == [0.5, 1, 2, 4, None]

    def test_deaths_long_ago_are_forgiven(self) -> None:
        deaths = Deaths(Timing())
        for now in (0, 5, 10, 15):
            deaths.note(now)

        assert deaths.note(71) == 1


class TestClose:
    def test_children_end_first_then_the_servers_in_reverse(self, scene: Scene) -> None:
        script = (
            "signal.signal(signal.SIGTERM, lambda *_: ((here / 'ended').touch(), sys.exit()))\n" + SAY_READY
        )
        supervisor = scene.supervisor(child("api", scene.folder, script + "while True: time.sleep(9)"))
        supervisor.open_servers()
        supervisor.start()
        scene.servers["Valkey"].stop = lambda: scene.diary.append(f"{(scene.folder / 'ended').exists()=}")  # type: ignore[method-assign]

        supervisor.close()

        assert scene.diary[2:] == ["(scene.folder / 'ended').exists()=True", "PostgreSQL closed"]

    def test_a_child_that_does_not_end_is_killed_with_its_own_children(self, scene: Scene) -> None:
        stubborn = (
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "horse = subprocess.Popen([sys.executable, '-S', '-c', 'import signal; signal.pause()'])\n"
            "with (here / 'lives').open('a') as book: print(os.getpid(), horse.pid, file=book)\n"
        )
        hasty = Timing(ready_seconds=20, grace_seconds=0.05)
        supervisor = scene.supervisor(
            child("worker", scene.folder, stubborn + SAY_READY + "while True: time.sleep(9)"), timing=hasty
        )
        supervisor.start()

        supervisor.close()

        until(lambda: not any(is_alive(pid) for pid in lives(scene.folder)))

    def test_it_may_be_called_before_anything_was_started(self, scene: Scene) -> None:
        scene.supervisor(child("api", scene.folder, WORK)).close()

        assert scene.diary == ["Valkey closed", "PostgreSQL closed"]


def is_alive(pid: int) -> bool:
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


class TestLeftovers:
    def test_those_of_a_killed_supervisor_are_ended_at_the_next_start(self, scene: Scene) -> None:
        first = scene.supervisor(child("api", scene.folder, WRITE_PID + SAY_READY + WORK))
        first.start()
        left = lives(scene.folder)[0]

        count = scene.roster.end_leftovers()

        assert count == 1
        assert not is_alive(left)

    def test_a_program_that_has_the_number_now_is_left_alone(self, tmp_path: Path) -> None:
        with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as stranger:
            roster = Roster(tmp_path / "roster.json")
            roster.write({stranger.pid: [sys.executable, "-m", "api.entrypoints.cli", "worker"]})

            found = roster.leftovers()

            stranger.kill()
        assert found == []

    @pytest.mark.parametrize("text", ["", "{", "{}", '[{"pid": "x"}]', "[1, null]", '[{"pid": 1}]'])
    def test_a_spoilt_roster_is_an_empty_one(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "roster.json").write_text(text)

        assert Roster(tmp_path / "roster.json").leftovers() == []

    def test_a_clean_end_leaves_none(self, scene: Scene) -> None:
        supervisor = scene.supervisor(child("api", scene.folder, SAY_READY + WORK))
        supervisor.start()

        supervisor.close()

        assert scene.roster.leftovers() == []
