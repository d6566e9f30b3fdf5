"""What a customer needs to be served, part by part: ready, degraded or down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.containers import House
from commerce.notices.models import Status
from foundation.cache import CacheAway, answering
from foundation.outbox import Lag

LATE = timedelta(minutes=5)
"""An event that waits longer tells of a relay or a subscriber that is not at work."""


class PartState(StrEnum):
    """From best to worst."""

    READY = "ready"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True)
class Part:
    state: PartState
    says: str = ""


def examine(house: House) -> dict[str, Part]:
    ledger = _ledger(house)
    parts = {
        "ledger": ledger,
        "cache": _cache(house),
        "model": _model(house),
        "embedder": _embedder(house),
    }
    if ledger.state is PartState.READY:
        lags = house.outbox.lag()
        parts["outbox"] = _lag(house, lags)
        parts["notices"] = _notices(house)
        parts["warehouse"] = _lag(house, [lag for lag in lags if lag.subscriber == "warehouse"])
    return parts


def _ledger(house: House) -> Part:
    try:
        with house.ledger.transaction() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return Part(PartState.DOWN, "does not answer")
    return Part(PartState.READY, "answers")


def _cache(house: House) -> Part:
    try:
        with answering():
            house.cache.ping()
    except CacheAway:
        return Part(PartState.DEGRADED, "does not answer; the shop goes on without it")
    return Part(PartState.READY, "answers")


def _model(house: House) -> Part:
    if unavailable := house.models.unavailable:
        return Part(PartState.DEGRADED, f"{', '.join(unavailable)} kept failing; a simpler model answers")
    return Part(PartState.READY, house.models.names[0])


def _embedder(house: House) -> Part:
    [vector] = house.embedder.encode(["ready"])
    return Part(PartState.READY, f"{len(vector)} dimensions")


def _notices(house: House) -> Part:
    tally = house.notices.tally()
    waiting, parked = tally.counts[Status.WAITING], tally.counts[Status.PARKED]
    is_late = tally.waiting_for(house.now()) > LATE
    says = f"{waiting} wait to be sent, {parked} are parked"
    return Part(PartState.DEGRADED if is_late else PartState.READY, says)


def _lag(house: House, lags: Sequence[Lag]) -> Part:
    waiting = sum(lag.waiting for lag in lags)
    oldest = min((lag.oldest_at for lag in lags if lag.oldest_at), default=house.now())
    seconds = int((house.now() - oldest).total_seconds())
    state = PartState.DEGRADED if seconds > LATE.total_seconds() else PartState.READY
    dead = sum(lag.dead_letters for lag in lags)
    return Part(state, f"{waiting} events wait, the oldest for {seconds} seconds; {dead} are dead-lettered")
