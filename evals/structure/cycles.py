"""Import cycles among the siblings of each package."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from evals.structure.source import Module

Graph = Mapping[str, set[str]]


def package_cycles(modules: Iterable[Module]) -> list[tuple[str, ...]]:
    """Each group of packages that import one another in a circle; their modules are no packages."""
    known = list(modules)
    packages = {each.name for each in known if each.path.name == "__init__.py"}
    graphs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module in known:
        for target in set(module.imported.values()):
            _add_edge(graphs, module.name, target)
    circles = (circle for graph in graphs.values() for circle in _circles(graph))
    return sorted(circle for circle in circles if all(name in packages for name in circle))


def _add_edge(graphs: dict[str, dict[str, set[str]]], source: str, target: str) -> None:
    """Between the two siblings under the nearest package that holds both."""
    here, there = source.split("."), target.split(".")
    shared = next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
    if shared is not None:
        parent = ".".join(here[:shared])
        graphs[parent][".".join(here[: shared + 1])].add(".".join(there[: shared + 1]))


def _circles(graph: Graph) -> set[tuple[str, ...]]:
    reach = {name: _reachable(graph, name) for name in graph}
    return {
        tuple(sorted({other for other in reach[name] if name in reach.get(other, ())}))
        for name in graph
        if name in reach[name]
    }


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph.get(name, ())
    return found
