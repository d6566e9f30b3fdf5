"""Cases of what customers state over time, and what of it must hold in the end.

A file has a case a line, as JSON:

    {"case": "budget-3", "kind": "contradiction", "turns": [
      {"say": "My budget is $40.", "reply": "Noted.", "day": 0},
      {"say": "My budget is $60 now.", "day": 9, "heard": 0}],
     "current": [["customer", "budget", ["$60"]]], "gone": [["customer", "budget", "$40"]], "kept": [],
     "ask": "What is my budget?"}

`say` is the customer's and `reply` ours; `day` counts from the first turn, in steps of one where it is not
given; `heard` puts the turns in another order of hearing than of saying. `does` in place of `say` holds a
claim by behaviour as [predicate, value]. `current` lists what must hold, each as subject, predicate and the
values that count as right; `gone` what must not; `kept` what must still hold, being unrelated. A case of the
kind `nothing` has turns that state nothing; one of the kind `blind` is a sentence by itself.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent
Named = tuple[str, str, str]


@dataclass(frozen=True)
class Turn:
    day: float
    say: str = ""
    reply: str = ""
    does: tuple[str, str] | None = None


@dataclass(frozen=True)
class Case:
    id: str
    kind: str
    turns: tuple[Turn, ...]
    """In the order heard."""
    current: tuple[tuple[str, str, frozenset[str]], ...] = ()
    gone: tuple[Named, ...] = ()
    kept: tuple[Named, ...] = ()
    ask: str = field(default="", compare=False)


def read(path: Path) -> list[Case]:
    """From a file, or from every file of a folder."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    return [
        _case(json.loads(line)) for file in files for line in file.read_text("utf-8").splitlines() if line
    ]


def tried() -> list[Case]:
    """Sentences that were written before they were first tried, and mended for since."""
    return [case for file in sorted(HOME.glob("tried*.jsonl")) for case in read(file)]


def untried() -> list[Case]:
    """Sentences that nothing was mended for: what a customer may say that nobody thought of."""
    return read(HOME / "untried.jsonl")


def _case(written: dict[str, Any]) -> Case:
    return Case(
        written["case"],
        written["kind"],
        tuple(_heard(written["turns"])),
        tuple((subject, what, _values(values)) for subject, what, values in written.get("current", ())),
        gone=_named(written, "gone"),
        kept=_named(written, "kept"),
        ask=written.get("ask", ""),
    )


def _heard(turns: list[dict[str, Any]]) -> Iterator[Turn]:
    for at, turn in sorted(enumerate(turns), key=lambda each: each[1].get("heard", each[0])):
        does = turn.get("does")
        yield Turn(
            turn.get("day", at), turn.get("say", ""), turn.get("reply", ""), does and (does[0], does[1])
        )


def _named(written: dict[str, Any], part: str) -> tuple[Named, ...]:
    return tuple((subject, what, value.casefold()) for subject, what, value in written.get(part, ()))


def _values(values: list[str]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)
