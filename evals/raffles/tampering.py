"""Change each field of a published bundle, one at a time, and count undetected changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from commerce.raffles.draw.bundle import Bundle, Commitment, Round
from commerce.raffles.draw.verification import verify
from evals.raffles.sample_draws import (
    BEACON,
    CHAINS,
    Path,
    bundle_bytes,
    make_commitment,
    make_outcome,
    with_field,
)

TICKETS = 60
SHOPPED_ROUNDS = 50


@dataclass(frozen=True)
class Tampering:
    """The number of changes, and the fields whose change was not detected."""

    tried: int
    undetected: tuple[str, ...]

    @property
    def caught(self) -> float:
        return 1 - len(self.undetected) / self.tried


def tamper() -> Tampering:
    """Each field of a draw by beacon, by fallback and by seed; and whole bundles that are forged."""
    tried, undetected = 0, []
    for text in _honest_bundles():
        for path, value in _changes(json.loads(text)):
            tried += 1
            if _is_accepted(text, path, value):
                undetected.append("/".join(map(str, path)))
    for forged in _forged_bundles():
        tried += 1
        if all(
            check.is_right for check in verify(forged, published=make_commitment().sha256(), chains=CHAINS)
        ):
            undetected.append(f"forged: closed {forged.commitment.closed_at}")
    return Tampering(tried, tuple(undetected))


def _honest_bundles() -> Iterator[bytes]:
    for planned_by_seed, drawn_by_seed in ((False, False), (False, True), (True, True)):
        commitment = make_commitment(TICKETS, by_seed=planned_by_seed)
        yield bundle_bytes(commitment, make_outcome(commitment, by_seed=drawn_by_seed))


def _is_accepted(text: bytes, path: Path, value: object) -> bool:
    try:
        bundle = with_field(text, path, value)
    except ValidationError:
        return False
    return all(check.is_right for check in verify(bundle, chains=CHAINS))


def _changes(value: Any, path: Path = ()) -> Iterator[tuple[Path, object]]:  # noqa: ANN401 - any JSON
    """A small change of each scalar; each container emptied, and lists cut, reversed and extended."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _changes(inner, (*path, name))
    elif isinstance(value, list):
        yield path, value[:-1]
        yield path, value[::-1]
        yield path, [*value, value[0]]
        for at, inner in enumerate(value):
            yield from _changes(inner, (*path, at))
    if path:
        yield path, _other(value)


def _other(value: Any) -> object:  # noqa: ANN401 - any JSON
    match value:
        case int():
            return value + 1
        case str():
            last = "0" if value[-1] != "0" else "1"
            return f"{value[:-1]}{last}" if "T" not in value else value.replace("2026", "2027")
        case None:
            return "00" * 32
        case _:
            return None


def _forged_bundles() -> Iterator[Bundle]:
    """Consistent bundles of a raffle closed later, so that another round decides."""
    honest = make_commitment(TICKETS)
    for step in range(1, SHOPPED_ROUNDS + 1):
        commitment = _closed_later(honest, by=step * BEACON.chain.period)
        yield Bundle.model_validate_json(bundle_bytes(commitment, make_outcome(commitment)))


def _closed_later(honest: Commitment, *, by: timedelta) -> Commitment:
    if honest.round is None:
        raise ValueError("a draw by the beacon is expected")
    at = honest.round.at + by
    number = BEACON.chain.first_round_at(at)
    named = Round(chain_hash=honest.round.chain_hash, number=number, at=at)
    later = {"closed_at": honest.closed_at + by, "seed_decides_at": honest.seed_decides_at + by}
    return honest.model_copy(update={**later, "round": named})
