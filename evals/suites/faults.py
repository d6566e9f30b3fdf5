"""Kills processes at every point of a turn and all over a running service, and counts what that cost."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence

from demo.generator.rooms import SetClock
from evals.faults.invariants import KINDS, Finding, Outcome
from evals.faults.relay_kills import Relaying
from evals.faults.service import VALKEY, WORK_HORSE, WORKER_ALONE
from evals.faults.service_kills import SETTINGS, strike
from evals.faults.shop import open_shop
from evals.faults.turn_kills import Theatre, play_all
from evals.report import Goal, Report
from foundation.clock import system_clock

TURN_PROCESSES, SERVICE = 200, 30
NONE: Goal = ("==", 0)
SHOWN = 20


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=TURN_PROCESSES, help="at least so many turn processes")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which processes are killed")


def run(options: Namespace) -> Report:
    turns, relays, service = Outcome(), Outcome(), Outcome()
    clock = SetClock(system_clock())
    with open_shop() as place:
        theatre = Theatre(place.settings, clock=clock)
        play_all(theatre, turns, kills=options.kills, seed=options.seed)
        Relaying(place.settings, clock=clock).kill_all(relays)
    with open_shop(**SETTINGS) as place:
        cuts = strike(place, service, seed=options.seed)
    findings = [*turns.findings, *relays.findings, *service.findings]
    figures: dict[str, float] = {
        "kills_turn_process": turns.kills.total(),
        "kills_relay_process": relays.kills.total(),
        **_of_service(service.kills),
        **_counts(findings),
        "requests_cut_off": cuts,
    }
    goals: dict[str, Goal] = {
        "kills_turn_process": (">=", TURN_PROCESSES),
        "kills_service": (">=", SERVICE),
        **{str(kind): NONE for kind in KINDS},
    }
    struck = {"Turn processes": turns, "Relays": relays, "The service": service}
    notes = [f"{what} struck at: {_by_step(outcome.kills)}" for what, outcome in struck.items()]
    notes += [f"{finding.kind}: {finding.text}" for finding in findings[:SHOWN]]
    return Report("faults", figures, goals, peers={}, notes=notes)


def _of_service(kills: Mapping[str, int]) -> dict[str, float]:
    """The API and the worker, whole or in part, and the rest."""
    api, worker, other = (
        sum(kills.get(target, 0) for target in targets)
        for targets in (("api",), ("worker", WORKER_ALONE, WORK_HORSE), ("scheduler", "relay", VALKEY))
    )
    return {"kills_service": api + worker, "kills_api": api, "kills_worker": worker, "kills_other": other}


def _counts(findings: Sequence[Finding]) -> dict[str, float]:
    found = Counter(finding.kind for finding in findings)
    return {kind: found[kind] for kind in KINDS}


def _by_step(kills: Mapping[str, int]) -> str:
    return ", ".join(f"{step} {number}" for step, number in sorted(kills.items()))
