"""Import every module that declares tables of the ledger."""

import importlib

from api.entrypoints.development.sources import PACKAGES, ROOT


def import_tables() -> None:
    """A module that declares a table names `metadata`; importing all others too would take eight seconds."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "metadata" in path.read_text() and "migrations" not in path.parts:
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
