"""Sentences of customers, what was said before them, and what a shop's assistant should make of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent
ABOUT = "about"
"""Stands for any value near enough, such as what "around 30" may be."""
INCIDENTAL = {"words", "sort", "question", "preference", "about", "summary", "reason"}
"""Arguments in free words, and the order of results: not judged unless expected."""


@dataclass(frozen=True)
class Expected:
    tool: str
    arguments: Mapping[str, Any]

    def is_met_by(self, tool: str, given: Mapping[str, Any]) -> bool:
        """The expected arguments and no others that would narrow or change the outcome."""
        if tool != self.tool:
            return False
        met = all(_same(value, given.get(name)) for name, value in self.arguments.items())
        loose = ABOUT in self.arguments.values()
        extra = {name for name, value in given.items() if value not in (None, [])} - set(self.arguments)
        refused = given.get("without_categories") or []
        category = self.arguments.get("category")
        moot = {"without_categories"} if category and category not in refused else set()
        return met and not extra - INCIDENTAL - moot - ({"min_price"} if loose else set())


@dataclass(frozen=True)
class Sentence:
    kind: str
    say: str
    after: str | None
    """The customer's message before, answered in the same thread."""
    calls: Sequence[Expected]
    phrases: frozenset[str]
    """Where no call is right: the phrases of which one should be said."""
    or_calls: Sequence[Expected]
    """Calls that would be as good as a phrase."""
    asks: bool
    """A question back is right."""


def read(name: str) -> list[Sentence]:
    """The sentences of `dev` or `test`."""
    lines = (HOME / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_sentence(json.loads(line)) for line in lines]


def _sentence(row: Mapping[str, Any]) -> Sentence:
    return Sentence(
        kind=row["kind"],
        say=row["say"],
        after=row.get("after"),
        calls=_expected(row.get("calls", ())),
        phrases=frozenset(row.get("phrases", ())),
        or_calls=_expected(row.get("or_calls", ())),
        asks=row.get("asks", False),
    )


def _expected(rows: Sequence[Mapping[str, Any]]) -> list[Expected]:
    return [Expected(row["tool"], row.get("with", {})) for row in rows]


def _same(expected: object, given: object) -> bool:
    if expected == ABOUT:
        return given is not None
    if isinstance(expected, list):
        return isinstance(given, list) and set(expected) <= set(given)
    return expected == given
