"""What a scenario is: a conversation as a customer would have it, and what must and must not come of it.

Scenarios are data: `evals/scenarios/<subject>.toml`. Everything they do not allow is forbidden: a
reply that asks for a yes, shows a form or hands over must be expected to, and so must every row
of the ledger that is new or different at the end.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

HOME = Path(__file__).parent / "scenarios"
OUTCOMES = HOME / "outcomes.toml"
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""By table, one mapping for each row: the columns that matter, and what must be in them."""


class ScenarioError(Exception):
    """A scenario file that cannot be played; the message names the file and the fault."""


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shown(_Declared):
    """Cards that a reply must show; each must also be so in the ledger."""

    kind: Literal["product", "membership", "raffle"] = "product"
    at_least: int = 1
    at_most: int | None = None
    category: str | None = None
    effect: str | None = None
    flavour: str | None = None
    without_flavour: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    place: int | None = None
    """One card alone: the one that stood at this place, counted from 1, in the reply before."""


class Step(_Declared):
    """One thing the customer does, and what is expected of the reply."""

    say: str | tuple[str, ...] = ()
    """Several messages come in faster than they are answered, and get one reply."""
    press: Literal["confirm", "cancel"] | None = None
    """The button under the question asked last."""
    replays: int | None = None
    """The message of an earlier step, counted from 1, arrives once more."""
    deliveries: int = 1
    """How many times at once it arrives."""
    who: str | None = None
    """Somebody else than the scenario's customer."""
    thread: str = "first"
    minutes_later: float = 0

    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    """Exactly these are called, in any order."""
    asks: str | None = None
    """The tool whose question the customer is to answer with yes or no."""
    form: str | None = None
    hands_over: bool = False
    shows: Shown | None = None

    @property
    def messages(self) -> tuple[str, ...]:
        return (self.say,) if isinstance(self.say, str) else self.say


class Outcome(_Declared):
    """A change of the ledger that many scenarios share; `{who}` stands for the scenario's customer."""

    new: Rows = {}
    changed: Rows = {}


class Scenario(_Declared):
    name: str
    subject: str
    who: str
    steps: tuple[Step, ...]
    new: Rows = {}
    """Exactly these rows are added."""
    changed: Rows = {}
    """Exactly these rows differ afterwards; `"+column"` says by how much a number has grown."""
    warehouse: Rows = {}
    """Exactly these rows reach those tables of the warehouse, once the outbox is delivered."""
    secrets: tuple[str, ...] = ()
    """What must not stand anywhere in the ledger."""

    @property
    def speakers(self) -> frozenset[str]:
        return frozenset({self.who, *(step.who for step in self.steps if step.who)})


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All there are, by subject.

    Raises:
        ScenarioError: a file is not as it should be, or two scenarios share a name.
    """
    outcomes = {name: Outcome(**fields) for name, fields in _read(OUTCOMES).items()}
    files = sorted(path for path in HOME.glob("*.toml") if path != OUTCOMES)
    found = [each for path in files for each in load(path, outcomes=outcomes)]
    names = [each.name for each in found]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ScenarioError(f"More than one scenario is called {', '.join(sorted(doubled))}.")
    return tuple(found)


def load(path: Path, *, outcomes: Mapping[str, Outcome]) -> list[Scenario]:
    try:
        return [_scenario(declared, path.stem, outcomes) for declared in _read(path)["scenario"]]
    except (ValidationError, KeyError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path.name}: {error}") from error


def _scenario(declared: Mapping[str, Any], subject: str, outcomes: Mapping[str, Outcome]) -> Scenario:
    fields = {key: value for key, value in declared.items() if key not in ("ends", "step")}
    scenario = Scenario(**fields, subject=subject, steps=declared["step"])
    ends = [outcomes[name] for name in declared.get("ends", ())]
    return scenario.model_copy(
        update={
            "new": _for(scenario.who, [*(end.new for end in ends), scenario.new]),
            "changed": _for(scenario.who, [*(end.changed for end in ends), scenario.changed]),
            "warehouse": _for(scenario.who, [scenario.warehouse]),
        }
    )


def _for(who: str, declared: Sequence[Rows]) -> Rows:
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for part in declared:
        for table, expected in part.items():
            rows.setdefault(table, []).extend(_named(row, who) for row in expected)
    return rows


def _named(row: Mapping[str, Any], who: str) -> Mapping[str, Any]:
    return {
        column: value.replace("{who}", who) if isinstance(value, str) else value
        for column, value in row.items()
    }
