"""The customers' rows. Personal fields are sealed; e-mail and phone are found by their digests."""

from typing import Any

from sqlalchemy import Column, Connection, DateTime, RowMapping, String, Table, Text, select
from sqlalchemy.dialects.postgresql import insert

from foundation.sql import metadata

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name_sealed", Text, nullable=False),
    Column("email_sealed", Text, nullable=False),
    Column("email_digest", Text, nullable=False, unique=True),
    Column("phone_sealed", Text),
    Column("phone_digest", Text, index=True),
    Column("state", String(2)),
    Column("created_at", DateTime(timezone=True), nullable=False),
)


def add(connection: Connection, row: dict[str, Any]) -> bool:
    """False when the id or the e-mail address is taken."""
    statement = insert(customers).values(row).on_conflict_do_nothing().returning(customers.c.id)
    return connection.execute(statement).first() is not None


def find(connection: Connection, customer_id: str) -> RowMapping | None:
    return connection.execute(select(customers).where(customers.c.id == customer_id)).mappings().first()


def by_email_digest(connection: Connection, digest: str) -> RowMapping | None:
    return connection.execute(select(customers).where(customers.c.email_digest == digest)).mappings().first()


def by_phone_digest(connection: Connection, digest: str) -> list[RowMapping]:
    matches = select(customers).where(customers.c.phone_digest == digest).limit(2)
    return list(connection.execute(matches).mappings())


def lock(connection: Connection, customer_id: str) -> bool:
    """Hold the row until the transaction ends; False when there is none.

    FOR NO KEY UPDATE excludes other holders, yet lets rows that refer to the
    customer be written by a transaction of their own, as payment intents are.
    """
    statement = select(customers.c.id).where(customers.c.id == customer_id)
    return connection.execute(statement.with_for_update(key_share=True)).first() is not None
