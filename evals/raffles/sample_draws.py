"""Sample draws without a shop, whose bundles are verified, timed and tampered with."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from commerce.raffles.draw.algorithms import HMAC_V1, winners
from commerce.raffles.draw.beacon import randomness_of
from commerce.raffles.draw.bundle import (
    Bundle,
    Commitment,
    Outcome,
    Promise,
    Randomness,
    Terms,
    Win,
    commit,
    written,
)
from commerce.raffles.draw.tickets import block_of, digest, holder
from demo.beacon import OwnBeacon
from demo.fakes.drand import FakeNetwork

CLOSED = datetime(2026, 3, 1, 12, tzinfo=UTC)
Path = tuple[str | int, ...]
SEED = hashlib.sha256(b"seed").hexdigest()
BEACON = OwnBeacon(FakeNetwork(4_711, lambda: CLOSED + timedelta(days=2)))
CHAINS = {BEACON.chain.hash: BEACON.chain}


def ticket_lines(count: int) -> list[str]:
    return [f"{number} {holder(b'key', f'cus_{number % 7}')}" for number in range(1, count + 1)]


def make_commitment(count: int = 40, *, by_seed: bool = False, algorithm: str = HMAC_V1) -> Commitment:
    terms = Terms(
        raffle_id="raf_spring", title="Spring “Raffle”", prize="a bong", algorithm=algorithm, runners_up=2
    )
    promise = Promise(
        seed_sha256=hashlib.sha256(bytes.fromhex(SEED)).hexdigest(), promised_at=CLOSED - timedelta(days=7)
    )
    listed = digest([block_of(ticket_lines(count))])
    return commit(terms, listed, promise, closed_at=CLOSED, chain=None if by_seed else BEACON.chain)


def make_outcome(commitment: Commitment, *, by_seed: bool = False) -> Outcome:
    if by_seed or commitment.round is None:
        randomness = Randomness(source="seed", value=SEED, signature=None, seed=SEED)
    else:
        signature = BEACON.signature(commitment.round.number)
        randomness = Randomness(
            source="drand", value=randomness_of(signature), signature=signature, seed=SEED
        )
    tickets = ticket_lines(commitment.tickets)
    numbers = winners(
        commitment.algorithm,
        list_sha256=commitment.list_sha256,
        randomness=randomness.value,
        tickets=commitment.tickets,
        places=commitment.places,
    )
    winner, *others = [Win(ticket=each, holder=tickets[each - 1].split()[1]) for each in numbers]
    return Outcome(randomness=randomness, winner=winner, runners_up=tuple(others))


def bundle_bytes(commitment: Commitment, outcome: Outcome | None) -> bytes:
    return b"".join(written(commitment, outcome, [block_of(ticket_lines(commitment.tickets))]))


def with_field(text: bytes, path: Path, value: object) -> Bundle:
    """The bundle with one field replaced."""
    document = json.loads(text)
    parent: Any = document
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = value
    return Bundle.model_validate_json(json.dumps(document))
