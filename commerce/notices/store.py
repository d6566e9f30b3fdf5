"""Rows of notices: what to send, its outcome, and what was sent, sealed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from commerce.customers.contact import Channel
from commerce.notices.models import Notice, Status, Tally
from foundation.keyset import Keyset, older
from foundation.personal import personal
from foundation.sql import metadata

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True, comment="the event it comes from"),
    Column("customer_id", Text, nullable=False, index=True),
    Column("template", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, comment="why it is a dead letter, or why the last attempt failed"),
    Column("written_sealed", Text, comment="what was sent, with secrets masked"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    info=personal("customer_id", sealed={"written_sealed": "notices.written"}),
)
WAITING = notices.c.status == Status.WAITING.value
Index("ix_notices_waiting", notices.c.next_attempt_at, postgresql_where=WAITING)
Index("ix_notices_status", notices.c.status, notices.c.created_at)


def add(connection: Connection, notice: Notice) -> None:
    """Does nothing when it exists."""
    connection.execute(insert(notices).values(vars(notice)).on_conflict_do_nothing())


def claim(connection: Connection, notice_id: str, *, now: datetime, until: datetime) -> Notice | None:
    """Count an attempt before it is made, and lock others out; None when it is not due."""
    statement = (
        update(notices)
        .where(notices.c.id == notice_id, WAITING, notices.c.next_attempt_at <= now)
        .values(attempts=notices.c.attempts + 1, next_attempt_at=until)
        .returning(notices)
    )
    row = connection.execute(statement).mappings().first()
    return _notice(row) if row else None


def settle(connection: Connection, notice_id: str, changes: Mapping[str, Any]) -> None:
    connection.execute(update(notices).where(notices.c.id == notice_id).values(changes))


def revive(connection: Connection, notice_id: str, *, now: datetime) -> bool:
    """Let a dead letter wait again; False when there is none of this id."""
    is_dead = (notices.c.id == notice_id) & (notices.c.status == Status.DEAD_LETTER)
    values = {"status": Status.WAITING, "next_attempt_at": now}
    return connection.execute(update(notices).where(is_dead).values(values)).rowcount > 0


def due(connection: Connection, *, now: datetime, limit: int) -> Sequence[str]:
    wanted = select(notices.c.id).where(WAITING, notices.c.next_attempt_at <= now)
    return connection.execute(wanted.order_by(notices.c.next_attempt_at).limit(limit)).scalars().all()


def settled(connection: Connection, *, before: datetime, limit: int) -> list[Notice]:
    """Notices created before then that are not waiting."""
    over = notices.c.status.in_([each for each in Status if each is not Status.WAITING])
    wanted = select(notices).where(over, notices.c.created_at < before)
    rows = connection.execute(wanted.order_by(notices.c.created_at).limit(limit)).mappings()
    return [_notice(row) for row in rows]


def drop(connection: Connection, notice_ids: Sequence[str]) -> None:
    connection.execute(delete(notices).where(notices.c.id.in_(notice_ids)))


def find(connection: Connection, notice_id: str) -> Notice | None:
    row = connection.execute(select(notices).where(notices.c.id == notice_id)).mappings().first()
    return _notice(row) if row else None


def latest(
    connection: Connection, *, status: Status | None, limit: int, after: Keyset | None = None
) -> list[Notice]:
    wanted = select(notices).order_by(notices.c.created_at.desc(), notices.c.id).limit(limit)
    if status is not None:
        wanted = wanted.where(notices.c.status == status)
    if after is not None:
        wanted = wanted.where(older(notices.c.created_at, notices.c.id, after))
    return [_notice(row) for row in connection.execute(wanted).mappings()]


def tally(connection: Connection) -> Tally:
    columns = (notices.c.status, func.count().label("count"), func.min(notices.c.created_at).label("oldest"))
    rows = connection.execute(select(*columns).group_by(notices.c.status)).all()
    counts = dict.fromkeys(Status, 0) | {Status(row.status): row[1] for row in rows}
    return Tally(counts, next((row.oldest for row in rows if row.status == Status.WAITING), None))


def _notice(row: RowMapping) -> Notice:
    return Notice(**{**row, "channel": Channel(row["channel"]), "status": Status(row["status"])})
