"""Change a published bundle in every way there is, one at a time, and count what goes unnoticed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from commerce.raffles.draw.bundle import Bundle, Commitment, Round
from commerce.raffles.draw.verification import verify
from evals.raffles.sample_draws import BEACON, CHAINS, Path, changed, committed, drawn, text_of

TICKETS = 60
SHOPPED_ROUNDS = 50


@dataclass(frozen=True)
class Tampering:
    """How many changes were tried, and the fields whose change was believed."""

    tried: int
    believed: tuple[str, ...]

    @property
    def caught(self) -> float:
        return 1 - len(self.believed) / self.tried


def tamper() -> Tampering:
    """Every field of a draw by the beacon, by the fallback and by the seed; and draws made up as a whole."""
    tried, believed = 0, []
    for text in _honest():
        for path, value in _changes(json.loads(text)):
            tried += 1
            if _is_believed(text, path, value):
                believed.append("/".join(map(str, path)))
    for made_up in _made_up():
        tried += 1
        if all(check.is_right for check in verify(made_up, published=committed().sha256(), chains=CHAINS)):
            believed.append(f"made up: closed {made_up.commitment.closed_at}")
    return Tampering(tried, tuple(believed))


def _honest() -> Iterator[bytes]:
    for planned_by_seed, drawn_by_seed in ((False, False), (False, True), (True, True)):
        commitment = committed(TICKETS, by_seed=planned_by_seed)
        yield text_of(commitment, drawn(commitment, by_seed=drawn_by_seed))


def _is_believed(text: bytes, path: Path, value: object) -> bool:
    try:
        bundle = changed(text, path, value)
    except ValidationError:
        return False
    return all(check.is_right for check in verify(bundle, chains=CHAINS))


def _changes(value: Any, path: Path = ()) -> Iterator[tuple[Path, object]]:  # noqa: ANN401 - any JSON
    """Each field changed a little, and each that holds others emptied."""
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


def _made_up() -> Iterator[Bundle]:
    """Whole draws, consistent in themselves, by someone who closed later to get another round."""
    honest = committed(TICKETS)
    for step in range(1, SHOPPED_ROUNDS + 1):
        commitment = _closed_later(honest, by=step * BEACON.period)
        yield Bundle.model_validate_json(text_of(commitment, drawn(commitment)))


def _closed_later(honest: Commitment, *, by: timedelta) -> Commitment:
    if honest.round is None:
        raise ValueError("the beacon decides this one")
    at = honest.round.at + by
    number = BEACON.chain.first_round_at(at)
    named = Round(chain_hash=honest.round.chain_hash, number=number, at=at)
    later = {"closed_at": honest.closed_at + by, "seed_decides_at": honest.seed_decides_at + by}
    return honest.model_copy(update={**later, "round": named})
