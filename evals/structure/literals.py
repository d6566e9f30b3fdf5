"""Texts in the source that do not belong there: lengths for numbers, calls of evals, terms of the shop."""

import ast
from collections.abc import Collection, Iterable, Iterator

from evals.structure.source import Module

EVALS = "evals"


def lengths_as_numbers(modules: Iterable[Module]) -> Iterator[str]:
    """Each `len("literal")`."""
    for module in modules:
        for node in module.nodes:
            match node:
                case ast.Call(func=ast.Name(id="len"), args=[ast.Constant(value=str())]):
                    yield f"{module.path}:{node.lineno} {ast.unparse(node)}"
                case _:
                    continue


def calls_of_evals(modules: Iterable[Module]) -> Iterator[str]:
    """Each text outside evals that would start or import it."""
    for module in modules:
        if module.package == EVALS:
            continue
        for line, text in texts(module):
            if text == EVALS or text.startswith(f"{EVALS}.") or f"-m {EVALS}" in text:
                yield f"{module.path}:{line} {text[:40]!r}"


def shop_terms(modules: Iterable[Module], terms: Collection[str]) -> Iterator[str]:
    """Each text that is a term of the shop."""
    for module in modules:
        for line, text in texts(module):
            if text in terms:
                yield f"{module.path}:{line} {text!r}"


def texts(module: Module) -> Iterator[tuple[int, str]]:
    """The string literals that are no docstrings, each with its line."""
    documentation = {id(node.value) for node in module.nodes if isinstance(node, ast.Expr)}
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value
