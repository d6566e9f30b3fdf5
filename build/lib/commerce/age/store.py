"""Proofs of age, and the tries that failed. No birthday is kept: only keyed digests bound to the customer."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Index,
    RowMapping,
    String,
    Table,
    Text,
    insert,
    select,
)

from commerce.age.models import AgeProof
from foundation.sql import metadata

age_verifications = Table(
    "age_verifications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("is_over_21", Boolean, nullable=False),
    Column("state", String(2), nullable=False),
    Column("method", Text, nullable=False),
    Column("name_digest", Text, nullable=False),
    Column("birthday_digest", Text, nullable=False),
    Column("id_last4_sealed", Text, nullable=False),
    Column("ip_sealed", Text),
    Column("verified_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
Index("ix_age_verifications_customer", age_verifications.c.customer_id, age_verifications.c.verified_at)

age_failed_tries = Table(
    "age_failed_tries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
Index("ix_age_failed_tries_customer", age_failed_tries.c.customer_id, age_failed_tries.c.at)


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(age_verifications).values(row))


def latest(connection: Connection, customer_id: str) -> AgeProof | None:
    wanted = (
        select(age_verifications)
        .where(age_verifications.c.customer_id == customer_id)
        .order_by(age_verifications.c.verified_at.desc())
        .limit(1)
    )
    row = connection.execute(wanted).mappings().first()
    return _proof(row) if row else None


def add_failed_try(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(age_failed_tries).values(row))


def failed_tries(connection: Connection, customer_id: str, *, since: datetime) -> list[datetime]:
    """When they were, the oldest first."""
    wanted = select(age_failed_tries.c.at).where(
        age_failed_tries.c.customer_id == customer_id, age_failed_tries.c.at > since
    )
    return list(connection.execute(wanted.order_by(age_failed_tries.c.at)).scalars())


def _proof(row: RowMapping) -> AgeProof:
    return AgeProof(
        id=row["id"],
        customer_id=row["customer_id"],
        is_over_21=row["is_over_21"],
        state=row["state"],
        method=row["method"],
        verified_at=row["verified_at"],
        expires_at=row["expires_at"],
    )
