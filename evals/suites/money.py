"""Whether ledger, gateway and warehouse agree after any order of joining, changing, failing and refunding."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, seed, settings

from evals.environment import temporary_environment
from evals.money import ledger_comparison
from evals.money.operations import Member, Operation, interleavings
from evals.money.simulated_shop import START, SimulatedShop, open_simulated_shop
from evals.report import Report
from foundation.outbox import Relay

INTERLEAVINGS = 10_000
BATCH = 500
"""Interleavings that are delivered to the warehouse at once."""
LONG_AFTER = timedelta(days=3_650)
SHOWN = 8


@dataclass
class Tally:
    interleavings: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


class Disagreement(AssertionError):
    """Ledger, gateway and warehouse differ, or a rule of memberships is violated."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--interleavings", type=int, default=INTERLEAVINGS, help="number of interleavings")
    parser.add_argument(
        "--gateway",
        choices=("authorize_net", "sandbox"),
        default="authorize_net",
        help="a fake Authorize.Net server behind the real connector, or the embedded sandbox",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the interleavings")


def run(options: Namespace) -> Report:
    with (
        temporary_environment() as environment,
        open_simulated_shop(
            environment.settings, with_authorize_net=options.gateway == "authorize_net"
        ) as simulation,
    ):
        tally = run_all(simulation, count=options.interleavings, start=options.seed)
        refused, lost = simulation.refused, simulation.answers.lost
    return Report(
        "money",
        figures={
            "interleavings": tally.interleavings,
            "disagreements": len(tally.findings),
            "acts": tally.operations.total(),
            "refused": refused,
            "answers_lost": lost,
            **{f"acts_{kind}": count for kind, count in sorted(tally.operations.items())},
        },
        goals={"interleavings": (">=", INTERLEAVINGS), "disagreements": ("==", 0)},
        peers={},
        notes=tally.findings[:SHOWN],
    )


def run_all(simulation: SimulatedShop, *, count: int, start: int) -> Tally:
    """Run `count` interleavings; the first that fails is reported shrunk to its shortest form."""
    tally = Tally()

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(interleavings())
    def run_one(interleaving: tuple[int, list[Operation]]) -> None:
        hour, operations = interleaving
        _run_interleaving(simulation, tally, hour=hour, operations=operations)
        if tally.interleavings % BATCH == 0:
            tally.findings += deliver_to_warehouse(simulation)

    try:
        run_one()
    except Disagreement as shortest:
        tally.findings.append(str(shortest))
    tally.findings += deliver_to_warehouse(simulation)
    return tally


def _run_interleaving(
    simulation: SimulatedShop, tally: Tally, *, hour: int, operations: list[Operation]
) -> None:
    simulation.clock.now = START + timedelta(hours=hour)
    member = Member(simulation)
    for operation in operations:
        member.apply(operation)
    member.settle_and_cancel()
    simulation.stop_billing(member.customer_id)
    tally.interleavings += 1
    tally.operations.update(operation.kind for operation in operations)
    ledger = simulation.shop.infrastructure.ledger
    gateway, kept = simulation.gateway.kept_cents(), ledger_comparison.kept_cents(ledger, member.customer_id)
    found = list(ledger_comparison.ledger_violations(ledger, member.customer_id))
    if gateway != kept:
        found.append(f"{kept} cents kept in the ledger, {gateway} at the gateway")
    if simulation.gateway.has_active_plan():
        found.append("a plan at the gateway would still charge")
    if found:
        sequence = ", ".join(map(str, operations))
        raise Disagreement(f"{'; '.join(found)} — after {sequence}, from hour {hour}")


def deliver_to_warehouse(simulation: SimulatedShop) -> list[str]:
    """Differences once the relay has delivered everything."""
    shop = simulation.shop
    simulation.clock.now = START + LONG_AFTER
    relay = Relay(
        shop.infrastructure.ledger,
        [shop.infrastructure.feed.subscriber(shop.infrastructure.settings.warehouse)],
        now=simulation.clock,
    )
    while relay.deliver("warehouse"):
        pass
    return list(
        ledger_comparison.warehouse_differences(shop.infrastructure.ledger, shop.infrastructure.warehouse)
    )
