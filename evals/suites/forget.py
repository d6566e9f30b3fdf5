"""Erasure of a customer with hundreds of memories: duration, and residue in every store."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.containers.container import Container, build_container
from api.containers.subscribers import build_subscribers
from commerce.memberships.models import Tier
from evals.faults.shop import register_customer, temporary_shop
from evals.report import Goal, Report
from foundation.holdings import Left, Traces
from memory.conversations.models import Interaction
from memory.erasure.models import Erasure, Status, Trail

CUSTOMER_ID, EMAIL = "cus_ana", "cus_ana@example.com"
PLACES = ("attic", "boat", "cellar", "dune", "estuary", "forest", "garden", "harbour")
THINGS = ("bees", "clocks", "drums", "eels", "ferns", "goats", "hats", "inks", "jars", "kites")
SECONDS_GOAL = 1.0
START = datetime(2026, 3, 1, tzinfo=UTC)
GOALS: dict[str, Goal] = {
    "seconds": ("<=", SECONDS_GOAL),
    "places before": (">=", 5),
    "residue": ("==", 0),
    "residue in files": ("==", 0),
    "others changed": ("==", 0),
}


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--memories", type=int, default=800, help="memories of the erased customer")
    parser.add_argument("--others", type=int, default=500, help="other customers, with ten memories each")


def run(options: Namespace) -> Report:
    with (
        temporary_shop(WAREHOUSE_BATCH_SECONDS="1") as environment,
        closing(build_container(environment.settings)) as container,
    ):
        container.infrastructure.warehouse.ensure()
        _fill(container, memories=options.memories, others=options.others)
        trail = Trail(Traces(CUSTOMER_ID, (EMAIL,), tuple(turn.message for turn in _turns(CUSTOMER_ID, 12))))
        before = container.memory.erasure.service.search(trail)
        others = container.memory.erasure.personal_rows.export("cus_other_1")
        erased = _erase(container, trail)
        purged, purge_seconds = _purge(container, erased.erasure)
        others_changed = int(container.memory.erasure.personal_rows.export("cus_other_1") != others)
    return Report(
        suite="forget",
        figures={
            "memories": options.memories,
            "seconds": erased.seconds,
            "own CPU seconds": erased.cpu_seconds,
            "places before": len(before),
            "residue": erased.residue,
            "residue in files": _count(purged.left) + (purged.status is not Status.PURGED),
            "others changed": others_changed,
            "things erased": sum(erased.erasure.erased.values()),
            "purge seconds": purge_seconds,
        },
        goals=GOALS,
        peers={"MemOS, 793 memories (reported by its users)": {"seconds": 142.0}},
        notes=[
            "The time includes the final search of every store.",
            *(f"left: {each.store} {each.place} {each.count}" for each in _all_left(erased.erasure, purged)),
        ],
    )


@dataclass(frozen=True)
class _Erased:
    erasure: Erasure
    left: Sequence[Left]
    """Found by a search after the erasure."""
    seconds: float
    cpu_seconds: float

    @property
    def residue(self) -> int:
        return _count(self.left) + _count(self.erasure.left) + (self.erasure.status is not Status.ERASED)


def _erase(container: Container, trail: Trail) -> _Erased:
    started, cpu = time.perf_counter(), time.process_time()
    erasure = container.memory.erasure.service.erase(CUSTOMER_ID, by=CUSTOMER_ID)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    return _Erased(erasure, container.memory.erasure.service.search(trail), seconds, cpu_seconds)


def _purge(container: Container, erasure: Erasure) -> tuple[Erasure, float]:
    """The erasure after its files are purged, and the seconds that took."""
    started = time.perf_counter()
    container.infrastructure.warehouse.maintain()
    container.memory.erasure.service.purge()
    seconds = time.perf_counter() - started
    return container.memory.erasure.service.find(erasure.id), seconds


def _fill(container: Container, *, memories: int, others: int) -> None:
    """The customer is a member with tickets and a cart, and everything has reached the warehouse."""
    for number in range(1, others + 1):
        container.memory.engine.learn_all(list(_turns(f"cus_other_{number}", 10)))
    register_customer(container, CUSTOMER_ID)
    container.commerce.memberships.service.subscribe(CUSTOMER_ID, tier=Tier.GOLD, key="forget.gold")
    container.commerce.raffles.service.buy_tickets(
        CUSTOMER_ID, raffle_id="rfl_spring", quantity=2, key="forget.tickets"
    )
    container.commerce.checkout.carts.add(CUSTOMER_ID, product_id="prd_1", quantity=1)
    container.memory.engine.learn_all(list(_turns(CUSTOMER_ID, memories)))
    container.memory.engine.remember(CUSTOMER_ID, "flavour", "plum and smoke", source=None)
    for each in build_subscribers(container.infrastructure, container.commerce, container.memory):
        while container.relay.deliver(each.subscription.name):
            pass
    container.commerce.notices.service.send_due()


def _turns(who: str, number: int) -> Iterator[Interaction]:
    for at in range(number):
        place, thing = PLACES[at % len(PLACES)], THINGS[at // len(PLACES) % len(THINGS)]
        yield Interaction(
            id=f"trn_{who}_{at}",
            customer_id=who,
            thread_id=f"thr_{who}",
            channel="chat",
            at=START + timedelta(hours=at),
            message=f"{who} once kept {at + 2} {thing} in the {place}, which nobody else has done",
            response=f"That must have been a lively {place}.",
        )


def _count(left: Sequence[Left]) -> int:
    return sum(each.count for each in left)


def _all_left(erasure: Erasure, purged: Erasure) -> list[Left]:
    return [*erasure.left, *purged.left]
