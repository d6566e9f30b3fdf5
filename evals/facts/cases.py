"""Cases of statements that customers make over time, with the facts that must hold in the end.

A file has a case a line, as JSON:

    {"case": "budget-3", "kind": "contradiction", "turns": [
      {"say": "My budget is $40.", "reply": "Noted.", "day": 0},
      {"say": "My budget is $60 now.", "day": 9, "received": 0}],
     "current": [["customer", "budget", ["$60"]]], "gone": [["customer", "budget", "$40"]], "kept": [],
     "ask": "What is my budget?"}

`say` is the customer's message and `reply` the answer; `day` counts from the first turn and defaults to the
turn's index; `received` is the position at which memory learns the turn, if not in order. `does` in place of
`say` is an assertion by behaviour, [predicate, value]. `current` lists the facts that must hold: subject,
predicate and the accepted values; `gone` those that must not; `kept` unrelated facts that must still hold.
The turns of a case of kind `nothing` state nothing; a case of kind `blind` is a single sentence.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
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
    """In the order in which memory learns them."""
    current: tuple[tuple[str, str, frozenset[str]], ...] = ()
    gone: tuple[Named, ...] = ()
    kept: tuple[Named, ...] = ()
    ask: str = field(default="", compare=False)


def read(path: Path) -> list[Case]:
    """Read a file, or every `.jsonl` of a folder."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    return [
        _case(json.loads(line)) for file in files for line in file.read_text("utf-8").splitlines() if line
    ]


def tried() -> list[Case]:
    """Sentences whose misreadings were fixed after their first run."""
    return [case for file in sorted(FOLDER.glob("tried*.jsonl")) for case in read(file)]


def untried() -> list[Case]:
    """Sentences for which nothing was fixed: an estimate of how unforeseen sentences are read."""
    return read(FOLDER / "untried.jsonl")


def _case(written: dict[str, Any]) -> Case:
    return Case(
        written["case"],
        written["kind"],
        tuple(_in_order_received(written["turns"])),
        tuple((subject, what, _values(values)) for subject, what, values in written.get("current", ())),
        gone=_named(written, "gone"),
        kept=_named(written, "kept"),
        ask=written.get("ask", ""),
    )


def _in_order_received(turns: list[dict[str, Any]]) -> Iterator[Turn]:
    for at, turn in sorted(enumerate(turns), key=lambda each: each[1].get("received", each[0])):
        does = turn.get("does")
        yield Turn(
            turn.get("day", at), turn.get("say", ""), turn.get("reply", ""), does and (does[0], does[1])
        )


def _named(written: dict[str, Any], part: str) -> tuple[Named, ...]:
    return tuple((subject, what, value.casefold()) for subject, what, value in written.get(part, ()))


def _values(values: list[str]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)
