"""Structure of the source: sizes, cycles, names; memory of each process; on request the time of the tests."""

import subprocess
import time
from argparse import ArgumentParser, Namespace

from evals.report import Figure, Goal, Report
from evals.structure.measure import ROOT, Structure, measure
from evals.structure.processes import PROCESSES, resident_mib

LIGHT_MIB = 150
LINES_BEFORE = 57_000
RESIDENT_MIB_BEFORE = {"api": 385.0, "worker": 271.0, "scheduler": 281.0, "relay": 337.0}
"""Of the version before the container was split, measured the same way."""
FAST_SECONDS, TEST_SECONDS = 60, 360
GOALS: dict[str, Goal] = {
    "cycles": ("==", 0),
    "forbidden names": ("==", 0),
    "functions over 40 lines": ("==", 0),
    "concrete inheritance": ("==", 0),
    "classes over 15 methods": ("==", 0),
    "lengths as numbers": ("==", 0),
    "product lines": ("<=", LINES_BEFORE),
}
MEMORY_GOALS: dict[str, Goal] = {
    "RSS MiB scheduler": ("<=", LIGHT_MIB),
    "RSS MiB relay": ("<=", LIGHT_MIB),
    "RSS of all four to before": ("<=", 2 / 3),
}
TIME_GOALS: dict[str, Goal] = {
    "seconds of make test-fast": ("<=", FAST_SECONDS),
    "seconds of make test": ("<=", TEST_SECONDS),
}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--source-only", action="store_true", help="start no process")
    parser.add_argument(
        "--tests", action="store_true", help="also run and time `make test-fast` and `make test`"
    )


def run(options: Namespace) -> Report:
    structure = measure()
    figures, goals = _source(structure), dict(GOALS)
    if not options.source_only:
        figures |= _memory()
        goals |= MEMORY_GOALS
    if options.tests:
        figures |= {f"seconds of make {target}": _seconds(target) for target in ("test-fast", "test")}
        goals |= TIME_GOALS
    return Report(suite="structure", figures=figures, goals=goals, peers={}, notes=_notes(structure))


def _source(structure: Structure) -> dict[str, Figure]:
    return {
        "modules": structure.modules,
        "median file lines": structure.median_lines,
        "largest file lines": structure.largest[1],
        "functions over 40 lines": len(structure.long_functions),
        "cycles": len(structure.cycles),
        "forbidden names": len(structure.forbidden_names),
        "concrete inheritance": len(structure.concrete_inheritance),
        "classes over 15 methods": len(structure.wide_classes),
        "lengths as numbers": len(structure.lengths_as_numbers),
        "product lines": sum(structure.lines.values()),
        **{f"lines {package}": lines for package, lines in structure.lines.items()},
    }


def _memory() -> dict[str, Figure]:
    resident = resident_mib()
    before = sum(RESIDENT_MIB_BEFORE.values())
    return {
        **{f"RSS MiB {name}": resident[name] for name in PROCESSES},
        "RSS MiB of all four": sum(resident.values()),
        "RSS of all four to before": sum(resident.values()) / before,
    }


def _seconds(target: str) -> float:
    started = time.monotonic()
    subprocess.run(["make", target], cwd=ROOT, check=True)  # noqa: S603, S607
    return time.monotonic() - started


def _notes(structure: Structure) -> list[str]:
    findings = (structure.long_functions, structure.concrete_inheritance, structure.wide_classes)
    return [
        f"largest file: {structure.largest[0]}",
        *(" and ".join(circle) for circle in structure.cycles),
        *(each for group in findings for each in group),
        *structure.forbidden_names,
    ]
