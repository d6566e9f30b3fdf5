"""Rules of structure that ruff cannot see, each with what still breaks it: those lists may only shrink."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from commerce.inventory.models import Category, Effect, Flavour
from evals.structure.classes import Hierarchy
from evals.structure.cycles import package_cycles
from evals.structure.literals import calls_of_evals, lengths_as_numbers, shop_terms
from evals.structure.measure import FORBIDDEN_WORDS, ROOT, long_functions
from evals.structure.source import Module, read_modules
from evals.structure.words import forbidden_names, read_words

INHERITING: set[str] = set()
WIDE: set[str] = set()
LONG: set[str] = set()
LENGTHS: set[str] = set()
SHOP_TERMS = {"memory/facts/values.py"}
"""A berry is also an allergen."""
FORBIDDEN_NAMES = {
    "agent": 52,
    "api": 35,
    "commerce": 1,
    "memory": 5,
}
"""How many are left in each package."""


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return read_modules(ROOT)


@pytest.fixture(scope="module")
def hierarchy(modules: list[Module]) -> Hierarchy:
    return Hierarchy(modules)


def test_no_class_inherits_a_concrete_class_of_its_package(hierarchy: Hierarchy) -> None:
    assert new(hierarchy.concrete_inheritance(), known=INHERITING) == []


def test_no_class_has_more_than_fifteen_public_methods(hierarchy: Hierarchy) -> None:
    assert new(hierarchy.wide_classes(), known=WIDE) == []


def test_no_function_is_longer_than_forty_lines(modules: list[Module]) -> None:
    assert new(long_functions(modules), known=LONG) == []


def test_no_packages_import_one_another_in_a_circle(modules: list[Module]) -> None:
    assert package_cycles(modules) == []


def test_no_number_is_written_as_the_length_of_a_text(modules: list[Module]) -> None:
    assert new(lengths_as_numbers(modules), known=LENGTHS) == []


def test_nothing_outside_evals_starts_an_evaluation(modules: list[Module]) -> None:
    assert list(calls_of_evals(modules)) == []


def test_memory_and_foundation_know_no_term_of_the_shop(modules: list[Module]) -> None:
    terms = {term.value for kind in (Category, Effect, Flavour) for term in kind}
    ignorant = [module for module in modules if module.package in {"memory", "foundation"}]

    assert new(shop_terms(ignorant, terms), known=SHOP_TERMS) == []


def test_no_name_uses_a_forbidden_word(modules: list[Module]) -> None:
    found = list(forbidden_names(modules, read_words(FORBIDDEN_WORDS)))

    counts = Counter(Path(each).parts[0] for each in found)
    too_many = [each for each in found if counts[Path(each).parts[0]] > allowed(each)]
    assert too_many == []


def allowed(name: str) -> int:
    return FORBIDDEN_NAMES.get(Path(name).parts[0], 0)


def new(findings: Iterable[str], *, known: set[str]) -> list[str]:
    """Those whose file or class is not among the known ones."""
    return [each for each in findings if each.partition(" ")[0].partition(":")[0] not in known]
