"""A customer's turns in a file that searching maps instead of reading: written whole, never changed.

The first line is JSON: whose and up to where it is, and where each array lies. A new file takes the
old one's name when it is on the disk, so a reader has the one or the other, whenever either is killed.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory.retrieval.index.base import fingerprint
from memory.retrieval.ranker import Arrays

FORMAT = 2
"""Another number whenever the arrays or what ranking makes of them change."""
ALIGNED = 64
UNFINISHED = ".new"
LOCK = "lock"


@dataclass(frozen=True)
class End:
    """The last turn of a block, to go on from it, and how far back the block goes."""

    position: int
    id: str
    thread_id: str
    at: datetime
    oldest: datetime


@dataclass(frozen=True)
class Mapped:
    """A file in memory as far as it was touched; it stays so when the file is replaced or deleted."""

    end: End
    arrays: Arrays
    path: Path
    inode: int
    size: int

    @property
    def is_whole(self) -> bool:
        """False when the file was truncated: reading past its end would kill the process."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return True
        return now.st_ino != self.inode or now.st_size == self.size


class BlockFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, customer_id: str) -> Mapped | None:
        """None where there is none that is whole, of this format and of this customer."""
        path = self._path(customer_id)
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                header = json.loads(file.readline())
                begin = _aligned(file.tell())
                size = found.st_size - begin
                if (header["format"], header["of"], header["size"]) != (FORMAT, customer_id, size):
                    return None
                whole = np.memmap(file, np.uint8, "r", offset=begin)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        times = {name: datetime.fromisoformat(header["end"][name]) for name in ("at", "oldest")}
        arrays = {name: _view(whole, **place) for name, place in header["arrays"].items()}
        return Mapped(End(**{**header["end"], **times}), arrays, path, found.st_ino, found.st_size)

    def position(self, customer_id: str) -> int:
        """How far the customer's file goes; 0 without one."""
        mapped = self.open(customer_id)
        return mapped.end.position if mapped else 0

    def write(self, customer_id: str, end: End, arrays: Arrays) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(customer_id)
        fresh = path.with_suffix(UNFINISHED)
        kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        with fresh.open("wb") as file:
            file.write(_first_line(customer_id, end, arrays=kept))
            for array in kept.values():
                file.write(b"\0" * (_aligned(file.tell()) - file.tell()))
                file.write(array.data if array.size else b"")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # erased meanwhile
            fresh.replace(path)
        _sync(self._folder)

    def erase(self, customer_id: str) -> None:
        self._unlink(self._of(customer_id))

    def left(self, customer_id: str) -> int:
        """How many files there are of the customer, whole or not."""
        return len(self._of(customer_id))

    def retain(self, customer_ids: Iterable[str]) -> int:
        """Take away every file that is not one of theirs, and what a killed writer left; how many.

        Only when alone.
        """
        kept = {LOCK, *(self._path(each).name for each in customer_ids)}
        there = self._folder.iterdir() if self._folder.exists() else ()
        strays = [path for path in there if path.name not in kept]
        self._unlink(strays)
        return len(strays)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this process holds the lock for writing."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _path(self, customer_id: str) -> Path:
        return self._folder / f"{fingerprint(customer_id)}.block"

    def _of(self, customer_id: str) -> list[Path]:
        path = self._path(customer_id)
        return [each for each in (path, path.with_suffix(UNFINISHED)) if each.exists()]

    def _unlink(self, paths: Sequence[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)
        if paths:
            _sync(self._folder)


def _first_line(customer_id: str, end: End, *, arrays: Arrays) -> bytes:
    """Places are counted from behind it."""
    size, places = 0, {}
    for name, array in arrays.items():
        start = _aligned(size)
        places[name] = {"dtype": array.dtype.str, "shape": array.shape, "start": start}
        size = start + array.nbytes
    ends = {**asdict(end), "at": end.at.isoformat(), "oldest": end.oldest.isoformat()}
    header = {"format": FORMAT, "size": size, "of": customer_id, "end": ends, "arrays": places}
    return json.dumps(header, ensure_ascii=False).encode() + b"\n"


def _aligned(place: int) -> int:
    return place + -place % ALIGNED


def _view(whole: NDArray[np.uint8], *, dtype: str, shape: list[int], start: int) -> NDArray[Any]:
    kind = np.dtype(dtype)
    end = start + kind.itemsize * int(np.prod(shape))
    return whole[start:end].view(kind).reshape(shape)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
