"""Kills processes at every point of a turn and all over a running service, and counts what that cost."""

import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator

from evals.faults.audit import KINDS, Outcome
from evals.faults.matrix import play_all
from evals.faults.place import open_place
from evals.faults.relaying import Relaying
from evals.faults.storm import SETTINGS, strike
from evals.report import Goal, Report

TURN_PROCESSES, SERVICE = 200, 30
SHOWN = 20
NONE: Goal = ("==", 0)


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=TURN_PROCESSES, help="at least so many turn processes")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which processes are killed")


def run(options: Namespace) -> Report:
    started = time.monotonic()
    turns, relays, service = Outcome(), Outcome(), Outcome()
    with open_place() as place:
        play_all(place, turns, kills=options.kills, seed=options.seed)
        Relaying(place).kill_all(relays)
    quiet = time.monotonic()
    with open_place(**SETTINGS) as place:
        cuts = strike(place, service, seed=options.seed)
    over = time.monotonic()
    findings = [*turns.findings, *relays.findings, *service.findings]
    found = Counter(finding.kind for finding in findings)
    workers = sum(number for target, number in service.kills.items() if target.startswith("work"))
    figures = {
        "kills_turn_process": float(turns.kills.total()),
        "kills_relay_process": float(relays.kills.total()),
        "kills_service": float(service.kills["api"] + workers),
        "kills_api": float(service.kills["api"]),
        "kills_worker": float(workers),
        "kills_other": float(service.kills.total() - service.kills["api"] - workers),
        **{kind: float(found[kind]) for kind in KINDS},
        "requests_cut_off": float(cuts),
        "seconds_turn_processes": round(quiet - started, 1),
        "seconds_service": round(over - quiet, 1),
    }
    goals: dict[str, Goal] = {
        "kills_turn_process": (">=", TURN_PROCESSES),
        "kills_service": (">=", SERVICE),
    }
    goals |= dict.fromkeys(KINDS, NONE)
    notes = [*_by_step("turn processes", turns), *_by_step("relays", relays), *_by_step("service", service)]
    notes += [f"{finding.kind}: {finding.text}" for finding in findings[:SHOWN]]
    return Report("faults", figures, goals, peers={}, notes=notes)


def _by_step(what: str, outcome: Outcome) -> Iterator[str]:
    steps = ", ".join(f"{step} {number}" for step, number in sorted(outcome.kills.items()))
    yield f"{what} killed at: {steps}"
