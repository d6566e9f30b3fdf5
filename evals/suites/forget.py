"""A customer with hundreds of memories is forgotten: how long it takes, and what any store still knows."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

from api.containers import House, build
from commerce.memberships.models import Tier
from evals.faults.shop import register_customer, temporary_shop
from evals.report import Report
from foundation.holdings import Left, Traces
from memory.conversations.models import Interaction
from memory.erasure.models import Erasure, Status, Trail

WHO, MARK = "cus_ana", "cus_ana@example.com"
PLACES = ("attic", "boat", "cellar", "dune", "engine room", "forest", "garden", "harbour")
THINGS = ("bees", "clocks", "drums", "eels", "ferns", "goats", "hats", "inks", "jars", "kites")
SECONDS_GOAL = 1.0
START = datetime(2026, 3, 1, tzinfo=UTC)


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--memories", type=int, default=800, help="of the customer who is forgotten")
    parser.add_argument("--others", type=int, default=500, help="customers who stay, with ten memories each")


def run(options: Namespace) -> Report:
    with (
        temporary_shop(WAREHOUSE_BATCH_SECONDS="1") as environment,
        closing(build(environment.settings)) as house,
    ):
        house.warehouse.ensure()
        _fill(house, memories=options.memories, others=options.others)
        trail = Trail(Traces(WHO, (MARK,), tuple(turn.message for turn in _turns(WHO, 12))))
        before = house.forgetting.search(trail)
        others = house.personal_rows.export("cus_other_1")
        started, cpu = time.perf_counter(), time.process_time()
        erasure = house.forgetting.forget(WHO, by=WHO)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
        left = house.forgetting.search(trail)
        purge_started = time.perf_counter()
        house.warehouse.maintain()
        house.forgetting.purge()
        purge_seconds = time.perf_counter() - purge_started
        purged = house.forgetting.find(erasure.id)
        return Report(
            suite="forget",
            figures={
                "memories": options.memories,
                "seconds": seconds,
                "own CPU seconds": cpu_seconds,
                "places before": len(before),
                "residue": _count(left) + _count(erasure.left) + (erasure.status is not Status.ERASED),
                "residue in files": _count(purged.left) + (purged.status is not Status.PURGED),
                "others changed": int(house.personal_rows.export("cus_other_1") != others),
                "things erased": sum(erasure.erased.values()),
                "purge seconds": purge_seconds,
            },
            goals={
                "seconds": ("<=", SECONDS_GOAL),
                "places before": (">=", 5),
                "residue": ("==", 0),
                "residue in files": ("==", 0),
                "others changed": ("==", 0),
            },
            peers={"MemOS, 793 memories (reported by its users)": {"seconds": 142.0}},
            notes=[
                "The time includes the search of every store that ends an erasure.",
                *(f"left: {each.store} {each.place} {each.count}" for each in _all_left(erasure, purged)),
            ],
        )


def _fill(house: House, *, memories: int, others: int) -> None:
    """Ana is a member with tickets and a cart, and everything has reached the warehouse."""
    for number in range(1, others + 1):
        house.memory.learn_all(list(_turns(f"cus_other_{number}", 10)))
    register_customer(house, WHO)
    house.memberships.subscribe(WHO, tier=Tier.GOLD, key="forget.gold")
    house.raffles.buy_tickets(WHO, raffle_id="rfl_spring", quantity=2, key="forget.tickets")
    house.carts.add(WHO, product_id="prd_1", quantity=1)
    house.memory.learn_all(list(_turns(WHO, memories)))
    house.memory.remember(WHO, "flavour", "plum and smoke", source=None)
    for each in house.subscribers():
        while house.relay.deliver(each.subscription.name):
            pass
    house.notices.send_due()


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
