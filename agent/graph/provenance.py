"""Where each argument of a call came from: the customer's words, memory, or the model's inference."""

from collections.abc import Mapping

from agent.turns.journal import ArgumentSource


def argument_sources(arguments: object, *, said: str, memory: str) -> dict[str, ArgumentSource]:
    """By argument; an argument that is absent or null has none."""
    if not isinstance(arguments, Mapping):
        return {}
    given = {str(name): value for name, value in arguments.items() if value is not None}
    return {
        name: _source(str(value), said=said.lower(), memory=memory.lower()) for name, value in given.items()
    }


def _source(value: str, *, said: str, memory: str) -> ArgumentSource:
    words = value.lower().removesuffix(".0").split()
    if words and all(word in said for word in words):
        return "said"
    return "memory" if words and all(word in memory for word in words) else "inferred"
