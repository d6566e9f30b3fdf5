"""CPU time of draw and verification by number of tickets, and a draw from a full ledger."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial

import numpy as np
from sqlalchemy import text

from commerce.raffles import store
from commerce.raffles.draw.algorithms import HMAC_V1, RFC3797
from commerce.raffles.draw.bundle import WAIT, Bundle
from commerce.raffles.draw.tickets import block_of, digest
from commerce.raffles.draw.verification import verify
from commerce.raffles.draws import RaffleDraws
from commerce.raffles.models import Raffle, RaffleStatus
from demo.beacon import OwnBeacon
from demo.fakes.drand import FakeNetwork
from demo.generator.services import SetClock
from evals.environment import temporary_environment
from evals.raffles.fairness import Draw, draw_with, naive
from evals.raffles.sample_draws import (
    CHAINS,
    CLOSED,
    SEED,
    bundle_bytes,
    make_commitment,
    make_outcome,
    ticket_lines,
)
from foundation.crypto import DataKeys, KeyRing
from foundation.money import Money
from foundation.outbox import Outbox
from foundation.sql import Ledger, open_ledger

REPEATS = 3
RAFFLE = "raf_large"
FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO raffle_tickets (id, raffle_id, number, customer_id, purchase_id, issued_at)
SELECT 'tkt_' || n, :raffle, n, 'cus_' || md5((n / 5)::text), 'rfp_' || n / 5, now()
FROM generate_series(1, :tickets) AS n
"""
PLAIN = "COPY (SELECT number, customer_id FROM raffle_tickets ORDER BY number) TO STDOUT"


def cpu_by_size(sizes: Sequence[int]) -> tuple[list[float], list[float]]:
    """CPU seconds to draw from the list and to verify the bundle; the minimum of a few runs."""
    drawing, verifying = [], []
    for size in sizes:
        blocks = list(_blocks(size))
        commitment = make_commitment(size)
        bundle = bundle_bytes(commitment, make_outcome(commitment))
        drawing.append(_cpu(partial(_draw, blocks, size)))
        verifying.append(_cpu(partial(_check, bundle)))
    return drawing, verifying


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Exponent of the power law by which time grows with size, over the last two decades."""
    return float(np.polyfit(np.log(sizes[-3:]), np.log(seconds[-3:]), 1)[0])


def peers(tickets: int) -> Mapping[str, float]:
    """CPU time of the choice of winners alone, without hashing the list."""
    listed = make_commitment(10).list_sha256
    ways: dict[str, Draw] = {
        "RFC 3797": draw_with(RFC3797, tickets=tickets),
        "random.sample": partial(naive, tickets=tickets),
    }
    return {name: _cpu(partial(draw, listed, SEED)) for name, draw in ways.items()}


def from_ledger(tickets: int) -> dict[str, float]:
    """Wall time to close and to draw a raffle with so many tickets in the ledger.

    The floor is the time to hash the tickets as the database copies them out in order.
    """
    clock = SetClock(CLOSED)
    beacon = OwnBeacon(FakeNetwork(4_711, clock))
    with temporary_environment() as environment, closing(open_ledger(environment.settings.ledger)) as ledger:
        _fill(ledger, tickets)
        keys = DataKeys(ledger, KeyRing({"eval": bytes(range(32))}), now=clock)
        draws = RaffleDraws(ledger, Outbox(ledger, (), now=clock), keys, beacon, now=clock)
        closing_took = _seconds(lambda: draws.close(RAFFLE))
        clock.now += WAIT + timedelta(minutes=1)
        return {
            "ledger close seconds": closing_took,
            "ledger draw seconds": _seconds(lambda: draws.draw(RAFFLE)),
            "ledger floor seconds": _seconds(lambda: _copied_out(ledger)),
        }


def _fill(ledger: Ledger, tickets: int) -> None:
    raffle = Raffle(
        id=RAFFLE,
        title="Large",
        prize="a gift card",
        ticket_price=Money(1_00),
        max_tickets=tickets,
        per_customer_limit=5,
        minimum_age=21,
        opens_at=CLOSED - timedelta(days=1),
        closes_at=CLOSED,
        status=RaffleStatus.OPEN,
        sold=tickets,
        runners_up=2,
    )
    with ledger.transaction() as connection:
        store.add(connection, raffle, created_at=CLOSED)
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in FILL.split(";"):
            connection.execute(text(statement), {"raffle": RAFFLE, "tickets": tickets})
    with ledger.autocommit() as connection:
        connection.execute(text("VACUUM ANALYZE raffle_tickets"))


def _copied_out(ledger: Ledger) -> str:
    sha = hashlib.sha256()
    with ledger.transaction() as connection, connection.connection.cursor().copy(PLAIN) as ticket_lines:
        for line in ticket_lines:
            sha.update(line)
    return sha.hexdigest()


def _blocks(size: int) -> Iterator[bytes]:
    listed = ticket_lines(size)
    return (block_of(listed[start : start + 2_000]) for start in range(0, size, 2_000))


def _draw(blocks: Sequence[bytes], size: int) -> list[int]:
    return draw_with(HMAC_V1, tickets=size)(digest(blocks).sha256, SEED)


def _check(bundle: bytes) -> None:
    if not all(check.is_right for check in verify(Bundle.model_validate_json(bundle), chains=CHAINS)):
        raise AssertionError("an honest draw was not verified")


def _cpu(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
