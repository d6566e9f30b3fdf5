"""Who inherits from whom: bases resolved across modules, and public methods counted through the MRO."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evals.structure.source import Function, Module

EXCEPTIONS = ("Exception", "BaseException", "Error", "Warning")
SCHEMAS = ("BaseModel", "BaseSettings", "TypedDict", "NamedTuple")
ABSTRACT = ("Protocol", "ABC")
MOST_METHODS = 15


@dataclass(frozen=True)
class Class:
    module: Module
    node: ast.ClassDef

    @property
    def name(self) -> str:
        return f"{self.module.name}.{self.node.name}"

    @property
    def package(self) -> str:
        return self.module.package

    @property
    def methods(self) -> frozenset[str]:
        return frozenset(each.name for each in self.node.body if isinstance(each, Function))

    @property
    def is_dataclass(self) -> bool:
        return any("dataclass" in ast.unparse(each) for each in self.node.decorator_list)

    @property
    def is_record(self) -> bool:
        """A dataclass of fields alone; properties may derive values from them."""
        functions = [each for each in self.node.body if isinstance(each, Function)]
        return self.is_dataclass and all(_is_property(each) for each in functions)


class Hierarchy:
    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {module.name: module for module in modules}
        self._classes = {
            each.name: each
            for module in self._modules.values()
            for each in (Class(module, node) for node in module.classes())
        }

    def concrete_inheritance(self) -> Iterator[str]:
        """Each class that inherits a concrete class of its own package: exceptions and schemas may."""
        for each in self._classes.values():
            for base in self._own_bases(each):
                if not self._may_inherit(each, base):
                    yield f"{each.name} inherits {base.name}"

    def wide_classes(self, most: int = MOST_METHODS) -> Iterator[str]:
        """Each class with too many public methods, inherited ones included."""
        for each in self._classes.values():
            methods = {name for ancestor in self._own_mro(each) for name in ancestor.methods}
            count = sum(not name.startswith("_") for name in methods)
            if count > most:
                yield f"{each.name}: {count} public methods"

    def _may_inherit(self, heir: Class, base: Class) -> bool:
        is_record = heir.is_dataclass and base.is_record
        return is_record or self._is_one_of(base, EXCEPTIONS + SCHEMAS) or self._is_abstract(base)

    def _is_abstract(self, each: Class) -> bool:
        return any(_last(base) in ABSTRACT for base in self._bases(each))

    def _is_one_of(self, each: Class, kinds: Sequence[str]) -> bool:
        outside = {base for ancestor in self._own_mro(each) for base in self._bases(ancestor)}
        return any(_last(base).endswith(tuple(kinds)) for base in outside - self._classes.keys())

    def _own_mro(self, each: Class) -> Iterator[Class]:
        yield each
        for base in self._own_bases(each):
            yield from self._own_mro(base)

    def _own_bases(self, each: Class) -> Iterator[Class]:
        for name in self._bases(each):
            base = self._classes.get(name)
            if base is not None and base.package == each.package:
                yield base

    def _bases(self, each: Class) -> list[str]:
        return [self._resolved(each.module, _base_name(base)) for base in each.node.bases]

    def _resolved(self, module: Module, name: str) -> str:
        """The dotted name under which a class is defined, re-exports followed."""
        local = f"{module.name}.{name}"
        full = local if local in self._classes else module.imported.get(name, name)
        owner, _, last = full.rpartition(".")
        if full in self._classes or owner not in self._modules or owner == module.name:
            return full
        return self._resolved(self._modules[owner], last)


def _base_name(base: ast.expr) -> str:
    return ast.unparse(base.value if isinstance(base, ast.Subscript) else base)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _is_property(function: Function) -> bool:
    return any("property" in ast.unparse(each) for each in function.decorator_list)
