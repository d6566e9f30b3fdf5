from pathlib import Path

import pytest

from evals.structure.classes import Hierarchy
from evals.structure.cycles import package_cycles
from evals.structure.literals import calls_of_evals, lengths_as_numbers, shop_terms
from evals.structure.measure import long_functions, measure
from evals.structure.source import Module
from evals.structure.words import ForbiddenWord, forbidden_names, split


def module(name: str, source: str) -> Module:
    return Module(name, Path(name.replace(".", "/")).with_suffix(".py"), source)


def package(name: str, source: str = "") -> Module:
    return Module(name, Path(name.replace(".", "/"), "__init__.py"), source)


class TestInheritance:
    def test_concrete_class_of_the_same_package_is_found_through_a_reexport(self) -> None:
        hierarchy = Hierarchy(
            [
                package("a", "from a.base import Base"),
                module("a.base", "class Base:\n    def run(self): ..."),
                module("a.heir", "from a import Base\nclass Heir(Base): ..."),
            ]
        )

        assert list(hierarchy.concrete_inheritance()) == ["a.heir.Heir inherits a.base.Base"]

    @pytest.mark.parametrize(
        "source",
        [
            "class Base(Protocol): ...\nclass Heir(Base): ...",
            "class Base(Exception): ...\nclass Heir(Base): ...",
            "class Base(BaseModel): ...\nclass Heir(Base): ...",
            "@dataclass\nclass Base:\n    x: int\n@dataclass\nclass Heir(Base):\n    y: int",
        ],
    )
    def test_protocols_exceptions_schemas_and_records_may_be_inherited(self, source: str) -> None:
        assert list(Hierarchy([module("a.b", source)]).concrete_inheritance()) == []

    def test_public_methods_are_counted_through_the_mro(self) -> None:
        methods = "\n".join(f"    def {name}(self): ..." for name in ("one", "two", "_hidden"))
        source = f"class Base:\n{methods}\nclass Heir(Base):\n    def three(self): ..."

        wide = list(Hierarchy([module("a.b", source)]).wide_classes(most=2))

        assert wide == ["a.b.Heir: 3 public methods"]


def test_packages_that_import_one_another_are_a_cycle() -> None:
    modules = [
        package("a"),
        package("a.x", "from a.y import thing"),
        package("a.y"),
        module("a.y.inner", "def late():\n    import a.x"),
        module("a.alone", "from a.x import thing"),
    ]

    assert package_cycles(modules) == [("a.x", "a.y")]


def test_names_are_split_at_capitals_and_underscores() -> None:
    assert split("HTTPHouse_of2Cards") == {"http", "house", "of", "2", "cards"}


def test_forbidden_words_are_found_where_a_name_is_defined() -> None:
    words = frozenset(
        {ForbiddenWord("till", is_for_classes=False), ForbiddenWord("mind", is_for_classes=True)}
    )
    source = "class Mind:\n    def mind(self, till_now): self.x = till_now\nstill = 1"

    found = list(forbidden_names([module("a.b", source)], words))

    assert found == ["a/b.py:1 Mind (mind)", "a/b.py:2 till_now (till)"]


def test_texts_are_found_and_docstrings_are_not() -> None:
    source = '"""edible"""\nKIND = "edible"\nLENGTH = len("pies")\nRUN = "python -m evals money"'
    modules = [module("memory.b", source)]

    assert list(shop_terms(modules, {"edible"})) == ["memory/b.py:2 'edible'"]
    assert list(lengths_as_numbers(modules)) == ["memory/b.py:3 len('pies')"]
    assert list(calls_of_evals(modules)) == ["memory/b.py:4 'python -m evals money'"]


def test_long_functions_are_found() -> None:
    source = "def long():\n" + "    x = 1\n" * 40

    assert list(long_functions([module("a.b", source)])) == ["a/b.py:1 long: 41 lines"]


def test_this_project_is_measured() -> None:
    structure = measure()

    assert structure.modules > 500
    assert set(structure.lines) >= {"foundation", "commerce", "memory", "agent", "api"}
