"""Free entries that members are owed, by membership and period, until they are issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Index,
    RowMapping,
    Table,
    Text,
    UniqueConstraint,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.raffles.models import Raffle
from commerce.raffles.store import raffle_of, raffles, sells_at
from foundation.personal import LOTTERY, Kept, personal
from foundation.sql import metadata

MOST_AT_ONCE = 500

raffle_credits = Table(
    "raffle_credits",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("membership_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("period_start", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("raffle_id", Text, ForeignKey("raffles.id")),
    Column("issued_at", DateTime(timezone=True)),
    UniqueConstraint("membership_id", "period"),
    info=personal("customer_id", kept=Kept(LOTTERY)),
)
Index(
    "ix_raffle_credits_waiting",
    raffle_credits.c.created_at,
    postgresql_where=raffle_credits.c.raffle_id.is_(None),
)


@dataclass(frozen=True)
class Credit:
    """One ticket owed for a paid period."""

    id: str
    customer_id: str
    membership_id: str
    period: str
    period_start: datetime
    created_at: datetime


def add(connection: Connection, credit: Credit) -> None:
    """Once a membership and period."""
    connection.execute(insert(raffle_credits).values(vars(credit)).on_conflict_do_nothing())


def waiting(connection: Connection, *, after: str) -> Sequence[Credit]:
    """In the order of their ids, so that one who may not enter yet holds up nobody."""
    is_waiting = raffle_credits.c.raffle_id.is_(None) & (raffle_credits.c.id > after)
    wanted = select(raffle_credits).where(is_waiting).order_by(raffle_credits.c.id).limit(MOST_AT_ONCE)
    return [_credit(row) for row in connection.execute(wanted).mappings()]


def lock(connection: Connection, credit_id: str) -> bool:
    """Whether it still waits; nobody else can issue it before the transaction ends."""
    wanted = select(raffle_credits.c.raffle_id).where(raffle_credits.c.id == credit_id).with_for_update()
    return connection.execute(wanted).scalar_one() is None


def places_for(connection: Connection, credit: Credit, *, now: datetime) -> list[Raffle]:
    """The raffles that sell now and close in the period or later, the next to close first."""
    wanted = select(raffles).where(
        sells_at(now), raffles.c.closes_at >= credit.period_start, raffles.c.sold < raffles.c.max_tickets
    )
    return [raffle_of(row) for row in connection.execute(wanted.order_by(raffles.c.closes_at)).mappings()]


def mark_issued(connection: Connection, credit: Credit, raffle_id: str, *, at: datetime) -> None:
    issued = update(raffle_credits).where(raffle_credits.c.id == credit.id)
    connection.execute(issued.values(raffle_id=raffle_id, issued_at=at))


def give_again(connection: Connection, raffle_id: str) -> None:
    """The raffle was cancelled: what members had in it is owed to them once more."""
    theirs = update(raffle_credits).where(raffle_credits.c.raffle_id == raffle_id)
    connection.execute(theirs.values(raffle_id=None, issued_at=None))


def _credit(row: RowMapping) -> Credit:
    return Credit(
        id=row["id"],
        customer_id=row["customer_id"],
        membership_id=row["membership_id"],
        period=row["period"],
        period_start=row["period_start"],
        created_at=row["created_at"],
    )
