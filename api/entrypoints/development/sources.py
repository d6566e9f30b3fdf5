"""The product's source files, and whether they changed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("foundation", "memory", "commerce", "tools", "connectors", "agent", "api")


class Sources:
    """Whatever lies in these folders, code, policies and templates alike, by its time of change."""

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._folders = folders or [ROOT / package for package in PACKAGES]
        self._seen = self._times()

    def changed(self) -> bool:
        """Whether a file came, went or changed since this was asked last."""
        before, self._seen = self._seen, self._times()
        return before != self._seen

    def _times(self) -> Mapping[Path, int]:
        files = (path for folder in self._folders for path in folder.rglob("*.*"))
        return {path: path.stat().st_mtime_ns for path in files if path.is_file() and path.suffix != ".pyc"}
