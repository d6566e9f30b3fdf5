"""Kills processes at every point of a turn and across a running service; counts lost and doubled effects."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence

from demo.generator.services import SetClock
from evals.faults.invariants import KINDS, Finding, Outcome
from evals.faults.relay_kills import RelayKillRunner
from evals.faults.service import VALKEY, WORKER_JOB, WORKER_MAIN
from evals.faults.service_kills import SETTINGS, kill_service_processes
from evals.faults.shop import temporary_shop
from evals.faults.turn_kills import TurnKillRunner, run_all
from evals.report import Goal, Report
from foundation.clock import system_clock

TURN_PROCESSES, SERVICE = 200, 30
NONE: Goal = ("==", 0)
SHOWN = 20


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--kills", type=int, default=TURN_PROCESSES, help="minimum number of turn processes killed"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the moments at which processes are killed"
    )


def run(options: Namespace) -> Report:
    turns, relays, service = Outcome(), Outcome(), Outcome()
    clock = SetClock(system_clock())
    with temporary_shop() as environment:
        runner = TurnKillRunner(environment.settings, clock=clock)
        run_all(runner, turns, kills=options.kills, seed=options.seed)
        RelayKillRunner(environment.settings, clock=clock).run(relays)
    with temporary_shop(**SETTINGS) as environment:
        interrupted_requests = kill_service_processes(environment, service, seed=options.seed)
    findings = [*turns.findings, *relays.findings, *service.findings]
    figures: dict[str, float] = {
        "kills_turn_process": turns.kills.total(),
        "kills_relay_process": relays.kills.total(),
        **_of_service(service.kills),
        **_counts(findings),
        "requests_cut_off": interrupted_requests,
    }
    goals: dict[str, Goal] = {
        "kills_turn_process": (">=", TURN_PROCESSES),
        "kills_service": (">=", SERVICE),
        **{str(kind): NONE for kind in KINDS},
    }
    outcomes = {"Turn processes": turns, "Relays": relays, "The service": service}
    notes = [f"{what} killed at: {_by_step(outcome.kills)}" for what, outcome in outcomes.items()]
    notes += [f"{finding.kind}: {finding.text}" for finding in findings[:SHOWN]]
    return Report("faults", figures, goals, peers={}, notes=notes)


def _of_service(kills: Mapping[str, int]) -> dict[str, float]:
    """Kills of the API, of the worker's processes, and of the others."""
    api, worker, other = (
        sum(kills.get(target, 0) for target in targets)
        for targets in (("api",), ("worker", WORKER_MAIN, WORKER_JOB), ("scheduler", "relay", VALKEY))
    )
    return {"kills_service": api + worker, "kills_api": api, "kills_worker": worker, "kills_other": other}


def _counts(findings: Sequence[Finding]) -> dict[str, float]:
    found = Counter(finding.kind for finding in findings)
    return {kind: found[kind] for kind in KINDS}


def _by_step(kills: Mapping[str, int]) -> str:
    return ", ".join(f"{step} {number}" for step, number in sorted(kills.items()))
