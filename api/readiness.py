"""State of the parts that a customer needs: ready, degraded or down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from agent.models.fallback import Fallback
from commerce.notices.models import Status
from commerce.notices.service import Notices
from foundation.cache import CacheAway, answering
from foundation.clock import Clock
from foundation.outbox import Lag, Outbox
from foundation.sql import Ledger
from memory.embeddings import Encoder

LATE = timedelta(minutes=5)
"""An event that waits longer means that a relay or a subscriber does not run."""


class PartState(StrEnum):
    """From best to worst."""

    READY = "ready"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True)
class Part:
    state: PartState
    says: str = ""


@dataclass(frozen=True)
class ReadinessProbe:
    """Asks the parts of this process."""

    ledger: Ledger
    cache: redis.Redis
    models: Fallback
    encoder: Encoder
    outbox: Outbox
    notices: Notices
    now: Clock

    def examine(self) -> dict[str, Part]:
        ledger = self._ledger()
        parts = {
            "ledger": ledger,
            "cache": self._cache(),
            "model": self._model(),
            "embedder": self._embedder(),
        }
        if ledger.state is PartState.READY:
            lags = self.outbox.lag()
            parts["outbox"] = self._lag(lags)
            parts["notices"] = self._notices()
            parts["warehouse"] = self._lag([lag for lag in lags if lag.subscriber == "warehouse"])
        return parts

    def _ledger(self) -> Part:
        try:
            with self.ledger.transaction() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return Part(PartState.DOWN, "does not answer")
        return Part(PartState.READY, "answers")

    def _cache(self) -> Part:
        try:
            with answering():
                self.cache.ping()
        except CacheAway:
            return Part(PartState.DEGRADED, "does not answer; requests are served without it")
        return Part(PartState.READY, "answers")

    def _model(self) -> Part:
        if unavailable := self.models.unavailable:
            return Part(PartState.DEGRADED, f"{', '.join(unavailable)} kept failing; a simpler model answers")
        return Part(PartState.READY, self.models.names[0])

    def _embedder(self) -> Part:
        [vector] = self.encoder.encode(["ready"])
        return Part(PartState.READY, f"{len(vector)} dimensions")

    def _notices(self) -> Part:
        tally = self.notices.tally()
        waiting, dead = tally.counts[Status.WAITING], tally.counts[Status.DEAD_LETTER]
        is_late = tally.waiting_for(self.now()) > LATE
        says = f"{waiting} wait to be sent, {dead} are dead letters"
        return Part(PartState.DEGRADED if is_late else PartState.READY, says)

    def _lag(self, lags: Sequence[Lag]) -> Part:
        waiting = sum(lag.waiting for lag in lags)
        oldest = min((lag.oldest_at for lag in lags if lag.oldest_at), default=self.now())
        seconds = int((self.now() - oldest).total_seconds())
        state = PartState.DEGRADED if seconds > LATE.total_seconds() else PartState.READY
        dead = sum(lag.dead_letters for lag in lags)
        return Part(
            state, f"{waiting} events wait, the oldest for {seconds} seconds; {dead} are dead-lettered"
        )
