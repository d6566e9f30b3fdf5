"""Conversations with the offline model: what it says, what that rests on, and what becomes of the ledger."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from evals.customer import NoReply, ScriptedCustomer
from evals.graders import Evidence, Fault, grade
from evals.report import Report
from evals.scenario import Scenario, scenarios
from evals.shop_template import Copy, Workshop, open_workshop
from evals.snapshot import Row, take
from foundation.warehouse.feed import SUBSCRIPTION as WAREHOUSE
from foundation.warehouse.schema import TABLES

RUNS = 4
CUSTOMERS = 100
FAULTS_SHOWN = 5


@dataclass(frozen=True)
class Play:
    scenario: Scenario
    faults: Sequence[Fault]
    seconds: Sequence[float]
    """Of each reply."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--runs", type=int, default=RUNS, help=f"how often each is played, {RUNS} if not given"
    )
    parser.add_argument("--only", default="", help="those with this in their name or subject")
    parser.add_argument(
        "--customers", type=int, default=CUSTOMERS, help="size of the shop they take place in"
    )


def run(options: Namespace) -> Report:
    chosen = [each for each in scenarios() if options.only in f"{each.subject}/{each.name}"]
    with open_workshop(customers=options.customers) as workshop:
        plays = [play(workshop, each) for _ in range(options.runs) for each in chosen]
    return report(chosen, plays, runs=options.runs)


def play(workshop: Workshop, scenario: Scenario) -> Play:
    """In a shop of its own."""
    return asyncio.run(_play(workshop, scenario))


async def _play(workshop: Workshop, scenario: Scenario) -> Play:
    async with workshop.copy() as copy:
        try:
            played = await ScriptedCustomer(copy, scenario).play()
        except (NoReply, TimeoutError) as error:
            return Play(scenario, [Fault("reply", str(error) or "a turn did not end")], ())
        evidence = Evidence(
            scenario=scenario,
            played=played,
            before=workshop.pristine,
            delivered=_deliver(copy, scenario),
            after=take(copy.house.ledger),
        )
    return Play(scenario, grade(evidence), [each.seconds for each in played])


def _deliver(copy: Copy, scenario: Scenario) -> Mapping[str, Sequence[Row]]:
    """Let the relay do its work, where the scenario looks into the warehouse."""
    if not scenario.warehouse:
        return {}
    house = copy.house
    copy.clock.now += timedelta(seconds=house.settings.warehouse.batch_seconds)
    house.warehouse.ensure()
    while house.relay.deliver(WAREHOUSE.name):
        pass
    names = {topic: TABLES[topic].name for topic in scenario.warehouse}
    return {topic: house.warehouse.query(f"SELECT * FROM {name}") for topic, name in names.items()}  # noqa: S608 - declared names


def report(chosen: Sequence[Scenario], plays: Sequence[Play], *, runs: int) -> Report:
    passed = Counter(each.scenario.name for each in plays if not each.faults)
    kinds = Counter(fault.kind for each in plays for fault in each.faults)
    seconds = [taken for each in plays for taken in each.seconds]
    p50, p95 = np.percentile(seconds, (50, 95)) if seconds else (None, None)
    always = sum(passed[each.name] == runs for each in chosen)
    return Report(
        suite="scenarios",
        figures={
            "scenarios": len(chosen),
            "subjects": len({each.subject for each in chosen}),
            "runs": runs,
            "pass_rate": passed.total() / len(plays) if plays else None,
            "pass_all_runs": always / len(chosen) if chosen else None,
            "wrong_replies": kinds["reply"],
            "ungrounded": kinds["ungrounded"],
            "unexpected_changes": kinds["unexpected"],
            "missing_changes": kinds["missing"],
            "leaks": kinds["leak"],
            "turns": len(seconds),
            "seconds_per_turn_p50": p50,
            "seconds_per_turn_p95": p95,
        },
        goals={
            "scenarios": (">=", 40),
            "pass_rate": ("==", 1),
            "pass_all_runs": ("==", 1),
            "ungrounded": ("==", 0),
            "unexpected_changes": ("==", 0),
            "leaks": ("==", 0),
        },
        peers={},
        notes=[*_failures(plays)],
    )


def _failures(plays: Sequence[Play]) -> list[str]:
    """What each scenario that failed did wrong the first time it did."""
    first = {each.scenario.name: each for each in reversed(plays) if each.faults}
    return [
        f"{each.scenario.subject}/{name}: {fault}"
        for name, each in first.items()
        for fault in each.faults[:FAULTS_SHOWN]
    ]
