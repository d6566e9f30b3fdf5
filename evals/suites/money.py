"""Whether ledger, gateway and warehouse agree after any order of joining, changing, failing and refunding."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, seed, settings

from evals.environment import open_place
from evals.money import ledger_comparison
from evals.money.operations import Act, Member, interleavings
from evals.money.simulated_shop import START, Stage, open_stage
from evals.report import Report
from foundation.outbox import Relay

INTERLEAVINGS = 10_000
BATCH = 500
"""So many interleavings are carried to the warehouse at once."""
LONG_AFTER = timedelta(days=3_650)
SHOWN = 8


@dataclass
class Tally:
    interleavings: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


class Disagreement(AssertionError):
    """The books differ, or a rule of the memberships is broken."""


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--interleavings", type=int, default=INTERLEAVINGS, help="how many are tried")
    parser.add_argument(
        "--gateway",
        choices=("stand", "sandbox"),
        default="stand",
        help="Authorize.Net's stand through the real connector, or the embedded sandbox",
    )
    parser.add_argument("--seed", type=int, default=1, help="of what happens in them")


def run(options: Namespace) -> Report:
    with (
        open_place() as place,
        open_stage(place.settings, with_stand=options.gateway == "stand") as stage,
    ):
        tally = play_all(stage, count=options.interleavings, start=options.seed)
        refused, lost = stage.refused, stage.answers.lost
    return Report(
        "money",
        figures={
            "interleavings": tally.interleavings,
            "disagreements": len(tally.findings),
            "acts": tally.acts.total(),
            "refused": refused,
            "answers_lost": lost,
            **{f"acts_{what}": count for what, count in sorted(tally.acts.items())},
        },
        goals={"interleavings": (">=", INTERLEAVINGS), "disagreements": ("==", 0)},
        peers={},
        notes=tally.findings[:SHOWN],
    )


def play_all(stage: Stage, *, count: int, start: int) -> Tally:
    """So many interleavings; the first that goes wrong is told as short as it can be made."""
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
    def play(interleaving: tuple[int, list[Act]]) -> None:
        hour, acts = interleaving
        _play(stage, tally, hour=hour, acts=acts)
        if tally.interleavings % BATCH == 0:
            tally.findings += carry_to_warehouse(stage)

    try:
        play()
    except Disagreement as smallest:
        tally.findings.append(str(smallest))
    tally.findings += carry_to_warehouse(stage)
    return tally


def _play(stage: Stage, tally: Tally, *, hour: int, acts: list[Act]) -> None:
    stage.clock.now = START + timedelta(hours=hour)
    member = Member(stage)
    for act in acts:
        member.live(act)
    member.leave()
    stage.dismiss(member.customer_id)
    tally.interleavings += 1
    tally.acts.update(act.what for act in acts)
    ledger = stage.shop.ledger
    gateway, kept = stage.gateway.kept_cents(), ledger_comparison.kept_cents(ledger, member.customer_id)
    found = list(ledger_comparison.faults(ledger, member.customer_id))
    if gateway != kept:
        found.append(f"{kept} cents kept in the ledger, {gateway} at the gateway")
    if stage.gateway.charges_on():
        found.append("the gateway would charge on")
    if found:
        story = ", ".join(map(str, acts))
        raise Disagreement(f"{'; '.join(found)} — after {story}, from hour {hour}")


def carry_to_warehouse(stage: Stage) -> list[str]:
    """What differs once the relay has carried everything over."""
    shop = stage.shop
    stage.clock.now = START + LONG_AFTER
    relay = Relay(shop.ledger, [shop.feed.subscriber(shop.settings.warehouse)], now=stage.clock)
    while relay.deliver("warehouse"):
        pass
    return list(ledger_comparison.in_warehouse(shop.ledger, shop.warehouse))
