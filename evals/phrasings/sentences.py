"""Customers' sentences with their context and the expected tool calls or replies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ABOUT = "about"
"""Matches any value given, such as a bound for "around 30"."""
INCIDENTAL = {"words", "sort", "question", "preference", "about", "summary", "reason"}
"""Free-text arguments and the sort order: compared only if expected."""


@dataclass(frozen=True)
class Expected:
    tool: str
    arguments: Mapping[str, Any]

    def is_met_by(self, tool: str, given: Mapping[str, Any]) -> bool:
        """Whether the call has the expected arguments, and no others that would change its result."""
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
    """The previous message in the thread."""
    calls: Sequence[Expected]
    phrases: frozenset[str]
    """If no call is expected: phrases of which the reply contains one."""
    or_calls: Sequence[Expected]
    """Calls accepted instead of a phrase."""
    asks: bool
    """Whether a clarifying question is expected."""


def read(name: str) -> list[Sentence]:
    """Read the set `dev` or `test`."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
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
