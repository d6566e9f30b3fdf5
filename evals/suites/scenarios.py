"""Conversations with the offline model: replies, their grounding, and the final state of the ledger."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from api.containers.warehouse_tables import TABLES
from evals.customer import NoReply, ScriptedCustomer
from evals.graders import Evidence, Failure, grade
from evals.report import Report
from evals.scenario import Scenario, scenarios
from evals.shop_template import ShopCopy, ShopTemplate, open_shop_template
from evals.snapshot import Row, take_snapshot
from foundation.warehouse.feed import NAME as WAREHOUSE

RUNS = 4
CUSTOMERS = 100
FAILURES_SHOWN = 5


@dataclass(frozen=True)
class ScenarioRun:
    scenario: Scenario
    failures: Sequence[Failure]
    seconds: Sequence[float]
    """Of each reply."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each scenario, {RUNS} by default")
    parser.add_argument("--only", default="", help="only scenarios with this text in subject/name")
    parser.add_argument(
        "--customers", type=int, default=CUSTOMERS, help="number of customers of the generated shop"
    )


def run(options: Namespace) -> Report:
    chosen = [each for each in scenarios() if options.only in f"{each.subject}/{each.name}"]
    with open_shop_template(customers=options.customers) as template:
        scenario_runs = [run_scenario(template, each) for _ in range(options.runs) for each in chosen]
    return report(chosen, scenario_runs, runs=options.runs)


def run_scenario(template: ShopTemplate, scenario: Scenario) -> ScenarioRun:
    """In its own copy of the shop."""
    return asyncio.run(_run_scenario(template, scenario))


async def _run_scenario(template: ShopTemplate, scenario: Scenario) -> ScenarioRun:
    async with template.copy() as copy:
        try:
            step_results = await ScriptedCustomer(copy, scenario).run()
        except (NoReply, TimeoutError) as error:
            return ScenarioRun(scenario, [Failure("reply", str(error) or "a turn did not end")], ())
        evidence = Evidence(
            scenario=scenario,
            steps=step_results,
            before=template.initial,
            delivered=_deliver(copy, scenario),
            after=take_snapshot(copy.container.infrastructure.ledger),
        )
    return ScenarioRun(scenario, grade(evidence), [each.seconds for each in step_results])


def _deliver(copy: ShopCopy, scenario: Scenario) -> Mapping[str, Sequence[Row]]:
    """Deliver the outbox to the warehouse if the scenario expects rows there."""
    if not scenario.warehouse:
        return {}
    container = copy.container
    copy.clock.now += timedelta(seconds=container.infrastructure.settings.warehouse.batch_seconds)
    container.infrastructure.warehouse.ensure()
    while container.relay.deliver(WAREHOUSE):
        pass
    names = {topic: TABLES[topic].name for topic in scenario.warehouse}
    query = container.infrastructure.warehouse.query
    return {topic: query(f"SELECT * FROM {name}") for topic, name in names.items()}  # noqa: S608 - declared names


def report(chosen: Sequence[Scenario], scenario_runs: Sequence[ScenarioRun], *, runs: int) -> Report:
    passed = Counter(each.scenario.name for each in scenario_runs if not each.failures)
    kinds = Counter(failure.kind for each in scenario_runs for failure in each.failures)
    seconds = [taken for each in scenario_runs for taken in each.seconds]
    p50, p95 = np.percentile(seconds, (50, 95)) if seconds else (None, None)
    always = sum(passed[each.name] == runs for each in chosen)
    return Report(
        suite="scenarios",
        figures={
            "scenarios": len(chosen),
            "subjects": len({each.subject for each in chosen}),
            "runs": runs,
            "pass_rate": passed.total() / len(scenario_runs) if scenario_runs else None,
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
        notes=[*_failures(scenario_runs)],
    )


def _failures(scenario_runs: Sequence[ScenarioRun]) -> list[str]:
    """The failures of the first failed run of each scenario."""
    first = {each.scenario.name: each for each in reversed(scenario_runs) if each.failures}
    return [
        f"{each.scenario.subject}/{name}: {failure}"
        for name, each in first.items()
        for failure in each.failures[:FAILURES_SHOWN]
    ]
