"""Arrays trained on our own examples, cached on disk: the first process on a machine trains them."""

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
    """The arrays trained from `of`: everything that determines them, as JSON."""
    key = hashlib.sha256(json.dumps(of).encode()).hexdigest()[:20]
    path = folder / f"{name}-{key}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            _make(path, train)
    with np.load(path) as found:
        return dict(found)


def _make(path: Path, train: Callable[[], Arrays]) -> None:
    """Unless another process did while this one waited."""
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(draft, allow_pickle=False, **train())
        draft.replace(path)
