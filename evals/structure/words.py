"""Names of the source, split into words, against a list of words that no name may use."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.structure.source import Function, Module

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class ForbiddenWord:
    word: str
    is_for_classes: bool
    """Only names of classes may not use it."""


@dataclass(frozen=True)
class Name:
    text: str
    line: int
    is_class: bool = False


def read_words(path: Path) -> frozenset[ForbiddenWord]:
    """One a line; `class` after it restricts it to names of classes; `#` begins a comment."""
    lines = (line.partition("#")[0].split() for line in path.read_text().splitlines())
    return frozenset(ForbiddenWord(line[0], "class" in line[1:]) for line in lines if line)


def forbidden_names(modules: Iterable[Module], words: frozenset[ForbiddenWord]) -> Iterator[str]:
    """Each definition whose name uses a forbidden word, with its place."""
    everywhere = {each.word for each in words if not each.is_for_classes}
    in_classes = {each.word for each in words}
    for module in modules:
        for name in defined_names(module):
            found = split(name.text) & (in_classes if name.is_class else everywhere)
            if found:
                yield f"{module.path}:{name.line} {name.text} ({', '.join(sorted(found))})"


def split(name: str) -> set[str]:
    return {word.lower() for word in WORDS.findall(name)}


def defined_names(module: Module) -> Iterator[Name]:
    """What the module names: itself, classes, functions, arguments, variables and attributes."""
    yield Name(module.name.rpartition(".")[2], 1)
    for node in module.nodes:
        yield from _names_of(node)


def _names_of(node: ast.AST) -> Iterator[Name]:
    match node:
        case ast.ClassDef():
            yield Name(node.name, node.lineno, is_class=True)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from _of_function(node)
        case ast.Name(ctx=ast.Store()):
            yield Name(node.id, node.lineno)
        case ast.Attribute(ctx=ast.Store()):
            yield Name(node.attr, node.lineno)
        case ast.alias(asname=str(alias)):
            yield Name(alias, node.lineno)
        case _:
            return


def _of_function(node: Function) -> Iterator[Name]:
    yield Name(node.name, node.lineno)
    spec = node.args
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    for argument in every:
        if argument is not None:
            yield Name(argument.arg, argument.lineno)
