"""What is trained on examples of our own, kept on disk: once on a machine, whichever process comes first."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.files import locked

Arrays = Mapping[str, NDArray[Any]]


def kept(folder: Path, name: str, *, of: object, train: Callable[[], Arrays]) -> Arrays:
    """The arrays that were trained of this; `of` is all that decides them, as JSON has it."""
    key = hashlib.sha256(json.dumps(of).encode()).hexdigest()[:20]
    path = folder / f"{name}-{key}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            _make(path, train)
    with np.load(path) as found:
        return dict(found)


def _make(path: Path, train: Callable[[], Arrays]) -> None:
    """Unless another process has, while this one waited."""
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(draft, allow_pickle=False, **train())
        draft.replace(path)
