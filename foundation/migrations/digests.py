"""Landed migrations are immutable: `digests.toml` holds the SHA-256 of each of their files."""

import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from foundation.migrations import FOLDER

AUTHOR = "make migration name=…"
RECORD = "make record-migrations"
HEADER = f"# Written by `{RECORD}`: the SHA-256 of each landed file.\n"


class MigrationsAltered(Exception):
    """A landed migration is not what it was when it landed; the message says which, and what to do."""


def check(folder: Path = FOLDER) -> None:
    """Compare every file with the digest that was recorded when it landed.

    Raises:
        MigrationsAltered: a file was changed, is missing, or has not been recorded.
    """
    recorded, present = _recorded(folder), _present(folder)
    check_landed(folder)
    if unrecorded := sorted(present.keys() - recorded.keys()):
        raise MigrationsAltered(
            f"{unrecorded[0]} has no recorded digest: run `{RECORD}` in the commit that lands it."
        )


def check_landed(folder: Path = FOLDER) -> None:
    """As `check`, but a migration that is still being written may be there.

    Raises:
        MigrationsAltered: a landed file was changed or is missing.
    """
    present = _present(folder)
    for name, digest in _recorded(folder).items():
        if name not in present:
            raise MigrationsAltered(
                f"{name} is missing: ledgers were made by it since it landed. Restore it."
            )
        if present[name] != digest:
            raise MigrationsAltered(
                f"{name} was changed after it landed: restore it, and author the change with `{AUTHOR}`."
            )


def record(folder: Path = FOLDER) -> list[str]:
    """Add the digests of the files that have none yet; the names of these files.

    Raises:
        MigrationsAltered: a landed file was changed or is missing.
    """
    check_landed(folder)
    recorded, present = _recorded(folder), _present(folder)
    lines = [f'"{name}" = "{digest}"\n' for name, digest in sorted(present.items())]
    _table(folder).write_text(HEADER + "".join(lines))
    return sorted(present.keys() - recorded.keys())


def _present(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in (folder / "versions").glob("*.*") if path.suffix in {".py", ".sql"})
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths}


def _recorded(folder: Path) -> Mapping[str, str]:
    table = _table(folder)
    return tomllib.loads(table.read_text()) if table.exists() else {}


def _table(folder: Path) -> Path:
    return folder / "digests.toml"
