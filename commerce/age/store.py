"""Proofs of age, and the tries that failed. No birthday is kept: only keyed digests bound to the customer."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    ForeignKey,
    Index,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    exists,
    insert,
    select,
    update,
)

from commerce.age.models import AgeProof
from foundation.personal import personal
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
    Column(
        "sealed_under",
        Text,
        nullable=False,
        comment="the data key: of the record, or of the customer for the oldest",
    ),
    Column("renewal_told_at", DateTime(timezone=True)),
    info=personal(
        "customer_id",
        sealed={"id_last4_sealed": "age_verifications.id_last4", "ip_sealed": "age_verifications.ip"},
        sealed_under="sealed_under",
        withheld=("name_digest", "birthday_digest", "sealed_under"),
    ),
)
Index("ix_age_verifications_customer", age_verifications.c.customer_id, age_verifications.c.verified_at)
Index(
    "ix_age_verifications_untold",
    age_verifications.c.expires_at,
    postgresql_where=age_verifications.c.renewal_told_at.is_(None),
)

age_failed_tries = Table(
    "age_failed_tries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("ip_digest", Text),
    info=personal("customer_id", withheld=("ip_digest",)),
)
Index("ix_age_failed_tries_customer", age_failed_tries.c.customer_id, age_failed_tries.c.at)
Index("ix_age_failed_tries_ip", age_failed_tries.c.ip_digest, age_failed_tries.c.at)


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(age_verifications).values(row))


def latest(connection: Connection, customer_id: str, *, grace: timedelta) -> AgeProof | None:
    wanted = (
        select(age_verifications)
        .where(age_verifications.c.customer_id == customer_id)
        .order_by(age_verifications.c.verified_at.desc())
        .limit(1)
    )
    row = connection.execute(wanted).mappings().first()
    return proof_of(row, grace=grace) if row else None


def records(connection: Connection, customer_id: str) -> list[RowMapping]:
    """The latest first."""
    wanted = select(age_verifications).where(age_verifications.c.customer_id == customer_id)
    return list(connection.execute(wanted.order_by(age_verifications.c.verified_at.desc())).mappings())


def erase(connection: Connection, customer_id: str) -> list[str]:
    """The ids of what was there, tries too; that they failed stays counted, but not from where."""
    theirs = age_verifications.c.customer_id == customer_id
    gone = connection.execute(delete(age_verifications).where(theirs).returning(age_verifications.c.id))
    tries = (
        update(age_failed_tries)
        .where(age_failed_tries.c.customer_id == customer_id)
        .values(ip_digest=None)
        .returning(age_failed_tries.c.id)
    )
    return [*gone.scalars(), *connection.execute(tries).scalars()]


def add_failed_try(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(age_failed_tries).values(row))


def drop_failed_tries(connection: Connection, *, before: datetime) -> int:
    return connection.execute(delete(age_failed_tries).where(age_failed_tries.c.at <= before)).rowcount


def failed_tries(connection: Connection, customer_id: str, *, since: datetime) -> list[datetime]:
    """When they were, the oldest first."""
    return _failed(connection, age_failed_tries.c.customer_id == customer_id, since=since)


def failed_tries_from(connection: Connection, ip_digest: str, *, since: datetime) -> list[datetime]:
    """Whoever made them, the oldest first."""
    return _failed(connection, age_failed_tries.c.ip_digest == ip_digest, since=since)


def claim_renewals(
    connection: Connection, *, lead_time: timedelta, grace: timedelta, now: datetime, limit: int
) -> list[RowMapping]:
    """Proofs that end soon or have just ended, of customers with none after it, each claimed once."""
    later = age_verifications.alias("later")
    newer = exists().where(
        later.c.customer_id == age_verifications.c.customer_id,
        later.c.verified_at > age_verifications.c.verified_at,
    )
    due = (
        select(age_verifications.c.id)
        .where(
            age_verifications.c.renewal_told_at.is_(None),
            age_verifications.c.expires_at <= now + lead_time,
            age_verifications.c.expires_at > now - grace,
            ~newer,
        )
        .order_by(age_verifications.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(age_verifications)
        .where(age_verifications.c.id.in_(due))
        .values(renewal_told_at=now)
        .returning(age_verifications)
    )
    return list(connection.execute(claimed).mappings())


def proof_of(row: RowMapping | dict[str, Any], *, grace: timedelta) -> AgeProof:
    return AgeProof(
        id=row["id"],
        customer_id=row["customer_id"],
        is_over_21=row["is_over_21"],
        state=row["state"],
        method=row["method"],
        verified_at=row["verified_at"],
        expires_at=row["expires_at"],
        usable_until=row["expires_at"] + grace,
    )


def _failed(connection: Connection, whose: ColumnElement[bool], *, since: datetime) -> list[datetime]:
    at = age_failed_tries.c.at
    return list(connection.execute(select(at).where(whose, at > since).order_by(at)).scalars())
