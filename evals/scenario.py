"""Scenarios: a customer's conversation with the expected replies and the expected changes of the ledger.

Scenarios are data: `evals/scenarios/<subject>.toml`. Whatever a scenario does not declare is a failure:
a request for confirmation, a form or a hand-over in a reply, and every new or changed row of the ledger.
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
"""By table, one mapping a row: the columns to compare and their expected values."""


class ScenarioError(Exception):
    """A scenario file is invalid; the message names the file and the error."""


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shown(_Declared):
    """Cards that a reply must show; each must also match the ledger."""

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
    """Only the card at this position, counted from 1, of the previous reply."""


class Step(_Declared):
    """One action of the customer, and what is expected of the reply."""

    say: str | tuple[str, ...] = ()
    """Several messages arrive before the first is answered, and get one reply."""
    press: Literal["confirm", "cancel"] | None = None
    """The button of the last confirmation."""
    replays: int | None = None
    """The message of an earlier step, counted from 1, is delivered again."""
    deliveries: int = 1
    """Number of concurrent deliveries."""
    who: str | None = None
    """Another principal than the scenario's customer."""
    thread: str = "first"
    minutes_later: float = 0

    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    """Exactly these are called, in any order."""
    asks: str | None = None
    """The tool that the reply asks the customer to confirm."""
    form: str | None = None
    hands_over: bool = False
    shows: Shown | None = None

    @property
    def messages(self) -> tuple[str, ...]:
        return (self.say,) if isinstance(self.say, str) else self.say


class Outcome(_Declared):
    """Changes of the ledger that several scenarios share; `{who}` is replaced by the scenario's customer."""

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
    """Exactly these rows differ afterwards; `"+column"` is the increase of a number."""
    warehouse: Rows = {}
    """Exactly these rows reach those tables of the warehouse, once the outbox is delivered."""
    secrets: tuple[str, ...] = ()
    """Texts that no row of the ledger may contain."""

    @property
    def speakers(self) -> frozenset[str]:
        return frozenset({self.who, *(step.who for step in self.steps if step.who)})


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All scenarios, by subject.

    Raises:
        ScenarioError: a file is invalid, or two scenarios share a name.
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
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ScenarioError(f"{path.name}: {place}: {first['msg']}") from error
    except KeyError as error:
        raise ScenarioError(f"{path.name}: there is no {error.args[0]}") from error


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
