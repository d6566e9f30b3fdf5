"""What kinds of arguments a clause holds, as words of their own: they help to tell its purpose."""

from collections.abc import Sequence

from agent.models.offline import counting
from agent.models.offline.names import Names
from agent.models.offline.schema import Slot
from agent.models.offline.vocabulary import Choices
from foundation.text import numbers
from foundation.text.numbers import Kind


class Marks:
    def __init__(self, slots: Sequence[Slot], choices: Choices, names: Names) -> None:
        self._choosing = {slot.name: slot.choices for slot in slots if slot.choices and not slot.excludes}
        self._kinds = sorted({slot.kind for slot in slots if names.of_kind(slot.kind)})
        self._choices = choices
        self._names = names

    def of(self, words: Sequence[str]) -> list[str]:
        """Such as `@category @effect @money`."""
        chosen = [
            name for name, among in self._choosing.items() if self._choices.mentions(words, among=among)
        ]
        named = [kind for kind in self._kinds if kind in words or self._names.best(words, kind=kind)]
        figures = numbers.figures(words)
        priced = ["money"] if any(figure.kind is Kind.MONEY for figure in figures) else []
        is_counted = any(f.kind is Kind.COUNT and counting.ends_phrase(words, f.at) for f in figures)
        counted = ["number"] if is_counted and not priced else []
        return [f"@{mark}" for mark in (*chosen, *named, *priced, *counted)]
