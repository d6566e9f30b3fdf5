"""The rows of erasures: they outlive the customer, and name the customer by id only."""

from typing import Any

from sqlalchemy import Column, Connection, DateTime, Index, Row, Table, Text, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from foundation.holdings import Left
from foundation.personal import Kept, personal
from foundation.sql import metadata
from memory.erasure.models import Erasure, Status

ERASURES = Table(
    "erasures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False, unique=True),
    Column("asked_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("erased_at", DateTime(timezone=True)),
    Column("purged_at", DateTime(timezone=True)),
    Column("trail_sealed", Text, comment="what to search for; gone after the last search"),
    Column("erased", JSONB, nullable=False),
    Column("left_behind", JSONB, nullable=False),
    info=personal("customer_id", kept=Kept("the proof of the erasure"), withheld=("trail_sealed",)),
)
Index("ix_erasures_open", ERASURES.c.asked_at, postgresql_where=ERASURES.c.status != Status.PURGED)


def add(connection: Connection, erasure: Erasure, *, trail_sealed: str) -> Erasure:
    """It, or the one that was requested concurrently."""
    row = insert(ERASURES).values(**_row(erasure), trail_sealed=trail_sealed)
    connection.execute(row.on_conflict_do_nothing(index_elements=[ERASURES.c.customer_id]))
    return of_customer(connection, erasure.customer_id) or erasure


def write(connection: Connection, erasure: Erasure) -> None:
    """Its current state; once it is purged the trail is dropped."""
    row = _row(erasure)
    if erasure.status is Status.PURGED:
        row["trail_sealed"] = None
    connection.execute(update(ERASURES).where(ERASURES.c.id == erasure.id).values(row))


def of_customer(connection: Connection, customer_id: str) -> Erasure | None:
    return _one(
        connection.execute(select(ERASURES).where(ERASURES.c.customer_id == customer_id)).one_or_none()
    )


def find(connection: Connection, erasure_id: str) -> Erasure | None:
    return _one(connection.execute(select(ERASURES).where(ERASURES.c.id == erasure_id)).one_or_none())


def sealed_trail(connection: Connection, erasure_id: str) -> str | None:
    return connection.execute(select(ERASURES.c.trail_sealed).where(ERASURES.c.id == erasure_id)).scalar()


def with_status(connection: Connection, status: Status) -> list[str]:
    """Ids of the erasures in this state, the longest waiting first."""
    wanted = select(ERASURES.c.id).where(ERASURES.c.status == status).order_by(ERASURES.c.asked_at)
    return list(connection.execute(wanted).scalars())


def _row(erasure: Erasure) -> dict[str, Any]:
    fields = vars(erasure).copy()
    left = fields.pop("left")
    return {**fields, "left_behind": [vars(each) for each in left]}


def _one(row: Row[Any] | None) -> Erasure | None:
    if row is None:
        return None
    fields = dict(row._mapping)
    del fields["trail_sealed"]
    left = [Left(**each) for each in fields.pop("left_behind")]
    return Erasure(**{**fields, "status": Status(row.status), "left": left})
