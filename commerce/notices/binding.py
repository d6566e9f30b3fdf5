"""Check, before anything is sent, that each template uses only what its notice has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from jinja2 import Environment, meta, nodes

from commerce.notices.models import SEALED, NoticeEvent

FOR_EVERY_LETTER = frozenset({"name", "unsubscribe"})


class TemplateMismatch(Exception):
    """Templates and notices do not fit each other: a fault of the program, so it does not start."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("Notices and their templates do not fit: " + "; ".join(faults) + ".")


def template_of(kind: type[NoticeEvent]) -> str:
    return str(kind.__dataclass_fields__["template"].default)


def check(environment: Environment, kinds: Sequence[type[NoticeEvent]], *, templates: Sequence[str]) -> None:
    """Raises TemplateMismatch."""
    bound = {template_of(kind): kind for kind in kinds}
    faults = [f"no notice uses {name}.j2" for name in sorted({*templates} - bound.keys())]
    for name, kind in bound.items():
        if name in templates:
            faults += [f"{name}.j2 {fault} {kind.__name__}" for fault in _faults(environment, name, kind)]
        else:
            faults.append(f"{kind.__name__} has no template {name}.j2")
    if faults:
        raise TemplateMismatch(faults)


def _faults(environment: Environment, name: str, kind: type[NoticeEvent]) -> Iterator[str]:
    loader = environment.loader
    if loader is None:
        raise TypeError("an environment without a loader has no templates")
    tree = environment.parse(loader.get_source(environment, f"{name}.j2")[0])
    offered = {each.name.removeprefix(SEALED) for each in fields(kind)} | FOR_EVERY_LETTER
    used = meta.find_undeclared_variables(tree) - environment.globals.keys()
    for variable in sorted(used - offered):
        yield f"uses `{variable}`, which is no field of"
    for variable, attribute in _unknown_attributes(tree, _known_attributes(environment, tree, kind)):
        yield f"uses `{variable}.{attribute}`, which is not known of"


def _unknown_attributes(
    tree: nodes.Template, known: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, str]]:
    for node in tree.find_all(nodes.Getattr):
        owner = node.node
        if isinstance(owner, nodes.Name) and node.attr not in known.get(owner.name, {node.attr}):
            yield owner.name, node.attr


def _known_attributes(
    environment: Environment, tree: nodes.Template, kind: type[NoticeEvent]
) -> dict[str, frozenset[str]]:
    """By variable: the globals', and those of the dataclasses that a loop goes over."""
    known = {name: frozenset(dir(value)) for name, value in environment.globals.items()}
    hints = get_type_hints(kind)
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Name) and isinstance(loop.target, nodes.Name):
            element = _element(hints.get(loop.iter.name))
            if element is not None:
                known[loop.target.name] = frozenset(each.name for each in fields(element))
    return known


def _element(hint: object) -> Any:  # noqa: ANN401 - some dataclass, or None
    return next((each for each in get_args(hint) if is_dataclass(each)), None)
