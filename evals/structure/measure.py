"""Figures of the source's structure, for the suite `structure` and the gate in tests/gates."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from evals.structure.classes import Hierarchy
from evals.structure.cycles import package_cycles
from evals.structure.literals import lengths_as_numbers
from evals.structure.source import Module, read_modules
from evals.structure.words import forbidden_names, read_words

ROOT = Path(__file__).parents[2]
FORBIDDEN_WORDS = ROOT / "tests" / "gates" / "forbidden_words.txt"
LONGEST_FUNCTION = 40


@dataclass(frozen=True)
class Structure:
    modules: int
    median_lines: float
    largest: tuple[str, int]
    """The path of the largest file, and its lines."""
    lines: dict[str, int]
    """By package."""
    long_functions: Sequence[str]
    cycles: Sequence[tuple[str, ...]]
    """Groups of packages that import one another in a circle."""
    forbidden_names: Sequence[str]
    concrete_inheritance: Sequence[str]
    wide_classes: Sequence[str]
    lengths_as_numbers: Sequence[str]


def measure(root: Path = ROOT, words: Path = FORBIDDEN_WORDS) -> Structure:
    modules = read_modules(root)
    hierarchy = Hierarchy(modules)
    sizes = [module.lines for module in modules if module.lines]
    largest = max(modules, key=lambda module: module.lines)
    return Structure(
        modules=len(modules),
        median_lines=median(sizes),
        largest=(str(largest.path), largest.lines),
        lines=lines_by_package(modules),
        long_functions=list(long_functions(modules)),
        cycles=package_cycles(modules),
        forbidden_names=list(forbidden_names(modules, read_words(words))),
        concrete_inheritance=list(hierarchy.concrete_inheritance()),
        wide_classes=list(hierarchy.wide_classes()),
        lengths_as_numbers=list(lengths_as_numbers(modules)),
    )


def lines_by_package(modules: Iterable[Module]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for module in modules:
        counts[module.package] += module.lines
    return dict(counts)


def long_functions(modules: Iterable[Module], most: int = LONGEST_FUNCTION) -> Iterator[str]:
    """Each function of more lines than that, decorators not counted."""
    for module in modules:
        for function in module.functions():
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > most:
                yield f"{module.path}:{function.lineno} {function.name}: {length} lines"
