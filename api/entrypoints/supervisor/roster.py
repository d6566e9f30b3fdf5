"""Which processes a supervisor has started, kept on disk for the one that follows a killed one."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from api.entrypoints.supervisor.children import end_strangers


class Roster:
    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def inside(cls, folder: Path) -> "Roster":
        """That of the supervisor of `folder`."""
        return cls(folder / "run" / "supervisor.json")

    def write(self, commands: Mapping[int, Sequence[str]]) -> None:
        """Note these processes of ours, by number, in place of those noted before."""
        entries = [entry for pid, command in commands.items() if (entry := _describe(pid, command))]
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(entries, indent=1))
        draft.replace(self._path)

    def leftovers(self) -> list[psutil.Process]:
        """The noted processes that still run. A number that another program has by now is not among them."""
        return [found for entry in self._read() if (found := _find(entry))]

    def end_leftovers(self, *, grace_seconds: float = 10) -> int:
        """End what a killed supervisor has left behind; how many there were."""
        found = self.leftovers()
        end_strangers(found, grace_seconds=grace_seconds)
        return len(found)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> Sequence[object]:
        with suppress(FileNotFoundError, ValueError):
            entries = json.loads(self._path.read_text())
            return entries if isinstance(entries, list) else []
        return []


def _describe(pid: int, command: Sequence[str]) -> dict[str, object] | None:
    """The command is the one given: while a program is being loaded, the system shows none."""
    with suppress(psutil.NoSuchProcess):
        return {"pid": pid, "started": psutil.Process(pid).create_time(), "command": list(command)}
    return None


def _find(entry: object) -> psutil.Process | None:
    with suppress(psutil.Error, KeyError, TypeError, ValueError):
        noted = dict(entry)  # type: ignore[call-overload]
        process = psutil.Process(noted["pid"])
        same = abs(process.create_time() - noted["started"]) < 1 and process.cmdline() == noted["command"]
        if same and process.uids().real == os.getuid() and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None
