"""Conversations that wait for a person: one request a thread until it is closed."""

from datetime import datetime

from sqlalchemy import Column, Connection, DateTime, Index, Row, Table, Text, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.handoffs.models import Handoff
from foundation.personal import personal
from foundation.sql import metadata

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("thread_id", Text, nullable=False),
    Column("principal_id", Text, nullable=False, index=True),
    Column("summary", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    info=personal("principal_id"),
)
WAITING = handoffs.c.closed_at.is_(None)
Index("ix_handoffs_waiting", handoffs.c.thread_id, unique=True, postgresql_where=WAITING)


def add(connection: Connection, handoff: Handoff) -> bool:
    """False when the thread waits for a person already."""
    statement = insert(handoffs).values(vars(handoff)).on_conflict_do_nothing().returning(handoffs.c.id)
    return connection.execute(statement).first() is not None


def waiting_in(connection: Connection, thread_id: str) -> Handoff:
    wanted = select(handoffs).where(handoffs.c.thread_id == thread_id, WAITING)
    return _handoff(connection.execute(wanted).one())


def waiting(connection: Connection) -> list[Handoff]:
    wanted = select(handoffs).where(WAITING).order_by(handoffs.c.requested_at)
    return [_handoff(row) for row in connection.execute(wanted)]


def close(connection: Connection, handoff_id: str, *, now: datetime) -> None:
    """The first time stays."""
    connection.execute(update(handoffs).where(handoffs.c.id == handoff_id, WAITING).values(closed_at=now))


def find(connection: Connection, handoff_id: str) -> Handoff | None:
    row = connection.execute(select(handoffs).where(handoffs.c.id == handoff_id)).first()
    return _handoff(row) if row else None


def give(connection: Connection, principal_id: str, *, to: str) -> int:
    theirs = update(handoffs).where(handoffs.c.principal_id == principal_id).values(principal_id=to)
    return connection.execute(theirs).rowcount


def _handoff(row: Row[tuple[object, ...]]) -> Handoff:
    return Handoff(**row._mapping)
