"""Measured evals: each module here is a suite, found by its name.

A suite opens with one sentence on what it measures and has `run(options) -> Report`.
With `add_options(parser)` it declares options of its own.
"""

import ast
import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from evals.report import Report


class Suite(Protocol):
    def run(self, options: Namespace) -> Report: ...


def known() -> dict[str, str]:
    """Name and first sentence of every suite, read without importing any."""
    return {path.stem: _sentence(path) for path in sorted(_modules(), key=lambda path: path.stem)}


def find(name: str) -> Suite:
    return cast(Suite, importlib.import_module(f"{__name__}.{name}"))


def add_options(suite: Suite, parser: ArgumentParser) -> None:
    declare = getattr(suite, "add_options", None)
    if declare is not None:
        declare(parser)


def _modules() -> Iterator[Path]:
    for folder in __path__:
        yield from (path for path in Path(folder).glob("*.py") if not path.stem.startswith("_"))


def _sentence(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return text.split("\n", 1)[0]
