"""The figures of a suite, its goals, and whether the goals hold."""

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rich.console import Console
from rich.table import Table

Op = Literal["<=", ">=", "<", ">", "=="]
Goal = tuple[Op, float]
Figure = float | None
"""None if nothing was measured; a goal on it does not hold."""

COMPARE: Mapping[Op, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Report:
    suite: str
    figures: Mapping[str, Figure]
    goals: Mapping[str, Goal]
    peers: Mapping[str, Mapping[str, Figure]]
    """Figures of other systems, measured in the same run, by the peer's name."""
    seconds: float = 0.0
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        unknown = {op for op, _ in self.goals.values()} - set(get_args(Op))
        if unknown:
            raise ValueError(f"{self.suite} compares by {sorted(unknown)}; known are {get_args(Op)}")

    def holds(self, goal: str) -> bool:
        op, number = self.goals[goal]
        figure = _finite(self.figures.get(goal))
        return figure is not None and COMPARE[op](figure, number)

    @property
    def held(self) -> bool:
        return all(self.holds(goal) for goal in self.goals)

    def as_json(self) -> str:
        """One JSON object on one line; a figure that is not finite becomes null."""
        return json.dumps(
            {
                "suite": self.suite,
                "figures": {name: _finite(figure) for name, figure in self.figures.items()},
                "goals": {name: list(goal) for name, goal in self.goals.items()},
                "held": self.held,
                "peers": {peer: {n: _finite(f) for n, f in fs.items()} for peer, fs in self.peers.items()},
                "seconds": round(self.seconds, 3),
                "notes": list(self.notes),
            },
            allow_nan=False,
        )

    def show(self, console: Console) -> None:
        table = Table("figure", "measured", "goal", *self.peers, title=self.suite, title_justify="left")
        for name in dict.fromkeys([*self.figures, *self.goals]):
            peers = [_number(figures.get(name)) for figures in self.peers.values()]
            table.add_row(name, _number(self.figures.get(name)), self._verdict(name), *peers)
        console.print(table)
        for note in self.notes:
            console.print(f"- {note}", markup=False)
        verdict = "every goal held" if self.held else "goals missed"
        console.print(f"{verdict}, {self.seconds:.1f} s", style="green" if self.held else "red")

    def _verdict(self, name: str) -> str:
        if name not in self.goals:
            return ""
        op, number = self.goals[name]
        return f"[{'green' if self.holds(name) else 'red'}]{op} {_number(number)}[/]"


def _finite(figure: Figure) -> Figure:
    return figure if figure is not None and math.isfinite(figure) else None


def _number(figure: Figure) -> str:
    return "-" if figure is None else f"{figure:,.4g}" if abs(figure) < 1_000 else f"{figure:,.0f}"  # noqa: PLR2004
