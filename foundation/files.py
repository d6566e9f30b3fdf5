"""Files that several processes share: locks, and a search for words in raw bytes."""

import fcntl
import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file or folder, which others wait for; a missing file is created, a folder must exist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def holding(folder: Path, words: Sequence[str], *, but: Sequence[str] = ()) -> Iterator[Path]:
    """The files below the folder that hold any of the words; `but` names folders left out."""
    needles = [word.encode() for word in words if word]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not set(but) & set(path.relative_to(folder).parts) and _holds(path, needles):
            yield path


def _holds(path: Path, needles: Sequence[bytes]) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(needle) >= 0 for needle in needles)
    except (ValueError, FileNotFoundError):  # empty, or gone meanwhile
        return False
