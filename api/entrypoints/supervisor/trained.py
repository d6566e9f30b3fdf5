"""Whether the models of this machine were trained by this version of the program."""

import hashlib
from pathlib import Path

from memory.embeddings import model_name

ROOT = Path(__file__).parents[3]
SOURCES = ("agent/models/offline", "foundation/text", "memory/facts", "memory/understanding", "tools")
"""Examples and recipes that decide what is trained."""


def is_trained(folder: Path) -> bool:
    marker = _marker(folder)
    return marker.is_file() and marker.read_text() == _fingerprint()


def mark_trained(folder: Path) -> None:
    _marker(folder).write_text(_fingerprint())


def _marker(folder: Path) -> Path:
    return folder / "trained"


def _fingerprint() -> str:
    digest = hashlib.sha256(model_name().encode())
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*")):
            if path.suffix in (".py", ".txt"):
                digest.update(path.read_bytes())
    return digest.hexdigest()
