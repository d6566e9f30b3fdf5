"""Idempotency keys: for a day, a repeated request gets the answer of the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Column, DateTime, Integer, LargeBinary, Row, Table, Text, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.clock import Clock
from foundation.errors import Conflict
from foundation.ids import new_id
from foundation.personal import personal
from foundation.sql import Ledger, metadata

LAPSES_AFTER = timedelta(seconds=10)
"""A claim not renewed for so long, and without an answer, was left by a process that was killed."""
RENEWED_EVERY = LAPSES_AFTER / 4
KEPT = timedelta(hours=24)

KEYS = Table(
    "idempotency_keys",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("claim_id", Text, nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False, index=True),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    info=personal("principal_id", withheld=("request_hash", "claim_id", "headers", "body")),
)


class KeyUsedOtherwise(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "That idempotency key came with another request before; please use a new one.",
            {"field": "Idempotency-Key"},
        )


class StillRunning(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "The same request is being worked on; please ask again in a moment.",
            {"field": "Idempotency-Key", "retry_after_seconds": 1},
        )
        self.retry_after_seconds = 1


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Fresh:
    """The caller carries the request out, then must `complete` or `release` the key."""

    id: str


@dataclass(frozen=True)
class Replay:
    answer: Answer


class IdempotencyKeys:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

    def claim(self, principal_id: str, key: str, request_hash: str) -> Fresh | Replay:
        """Whether to carry the request out, or the answer that it got before.

        Raises:
            KeyUsedOtherwise: the key belongs to another request.
            StillRunning: another process is carrying it out.
        """
        now = self._now()
        claim = Fresh(new_id("idk"))
        values = {"request_hash": request_hash, "claim_id": claim.id, "claimed_at": now}
        open_again = (KEYS.c.claimed_at <= now - KEPT) | (
            KEYS.c.status.is_(None)
            & (KEYS.c.claimed_at <= now - LAPSES_AFTER)
            & (KEYS.c.request_hash == request_hash)
        )
        statement = (
            insert(KEYS)
            .values(principal_id=principal_id, key=key, **values)
            .on_conflict_do_update(
                index_elements=["principal_id", "key"],
                set_={**values, "status": None, "headers": None, "body": None},
                where=open_again,
            )
            .returning(KEYS.c.claim_id)
        )
        with self._ledger.new_transaction() as connection:
            if connection.execute(statement).scalar() is not None:
                return claim
            same = select(KEYS).where(KEYS.c.principal_id == principal_id, KEYS.c.key == key)
            found = connection.execute(same).one_or_none()
        if found is None:  # released in between
            raise StillRunning
        return _replay(found, request_hash)

    def renew(self, claim: Fresh) -> None:
        """Extend the claim while the request is being carried out."""
        ours = (KEYS.c.claim_id == claim.id) & KEYS.c.status.is_(None)
        with self._ledger.new_transaction() as connection:
            connection.execute(update(KEYS).where(ours).values(claimed_at=self._now()))

    def complete(self, claim: Fresh, answer: Answer) -> None:
        """Keep the answer, unless the claim lapsed and another process took it over."""
        values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
        with self._ledger.new_transaction() as connection:
            connection.execute(update(KEYS).where(KEYS.c.claim_id == claim.id).values(values))

    def release(self, claim: Fresh) -> None:
        """The request had no effect: the next one with this key is carried out."""
        with self._ledger.new_transaction() as connection:
            connection.execute(delete(KEYS).where(KEYS.c.claim_id == claim.id, KEYS.c.status.is_(None)))

    def prune(self) -> int:
        """Delete the answers older than a day; how many."""
        with self._ledger.transaction() as connection:
            return connection.execute(delete(KEYS).where(KEYS.c.claimed_at <= self._now() - KEPT)).rowcount


def _replay(row: Row[tuple[object, ...]], request_hash: str) -> Replay:
    if row.request_hash != request_hash:
        raise KeyUsedOtherwise
    if row.status is None:
        raise StillRunning
    return Replay(Answer(row.status, row.body, row.headers))
