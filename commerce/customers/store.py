"""The customers' rows. Personal fields are sealed; e-mail and phone are found by their digests."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.customers.contact import Channel, Language, Preferences
from foundation.personal import Kept, personal
from foundation.sql import metadata

FORGOTTEN = ""
"""Replaces the name and the e-mail address of a customer whose data was erased."""

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
    Column("email_verified_at", DateTime(timezone=True)),
    Column("phone_verified_at", DateTime(timezone=True)),
    info=personal(
        "id",
        kept=Kept(
            "payments and raffles refer to it; nothing in it says who they were",
            {
                "name_sealed": FORGOTTEN,
                "email_sealed": FORGOTTEN,
                "email_digest": lambda table: literal("forgotten:") + table.c.id,
                **dict.fromkeys(
                    ("phone_sealed", "phone_digest", "state", "email_verified_at", "phone_verified_at")
                ),
            },
        ),
        sealed={f"{name}_sealed": f"customers.{name}" for name in ("name", "email", "phone")},
        withheld=("email_digest", "phone_digest"),
    ),
)
IS_KNOWN = customers.c.name_sealed != FORGOTTEN
addresses = Table(
    "addresses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("sealed", Text, nullable=False),
    Column("state", String(2), nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("uq_addresses_default", "customer_id", unique=True, postgresql_where=literal_column("is_default")),
    info=personal("customer_id", sealed={"sealed": "addresses.{id}"}),
)
consents = Table(
    "consents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("wording", Text, nullable=False, comment="the version of what was agreed to"),
    Column("source", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("number", BigInteger, Identity(), nullable=False),
    Index("ix_consents_subject_id_purpose_number", "subject_id", "purpose", "number"),
    info=personal("subject_id"),
)
contact_preferences = Table(
    "contact_preferences",
    metadata,
    Column("customer_id", Text, ForeignKey("customers.id"), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    info=personal("customer_id"),
)


def add(connection: Connection, row: dict[str, Any]) -> bool:
    """False when the id or the e-mail address is taken."""
    statement = insert(customers).values(row).on_conflict_do_nothing().returning(customers.c.id)
    return connection.execute(statement).first() is not None


def find(connection: Connection, customer_id: str) -> RowMapping | None:
    wanted = select(customers).where(customers.c.id == customer_id, IS_KNOWN)
    return connection.execute(wanted).mappings().first()


def known(connection: Connection, customer_ids: Collection[str]) -> set[str]:
    wanted = select(customers.c.id).where(customers.c.id.in_(customer_ids), IS_KNOWN)
    return set(connection.execute(wanted).scalars())


def by_email_digest(connection: Connection, digest: str) -> RowMapping | None:
    return connection.execute(select(customers).where(customers.c.email_digest == digest)).mappings().first()


def lock(connection: Connection, customer_id: str) -> bool:
    """Hold the row until the transaction ends; False when there is none.

    FOR NO KEY UPDATE excludes other holders, yet lets rows that refer to the
    customer be written by a transaction of their own, as payment intents are.
    """
    statement = select(customers.c.id).where(customers.c.id == customer_id, IS_KNOWN)
    return connection.execute(statement.with_for_update(key_share=True)).first() is not None


def change(connection: Connection, customer_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(customers).where(customers.c.id == customer_id).values(values))


def verify(connection: Connection, customer_id: str, column: str, *, now: datetime) -> None:
    is_new = (customers.c.id == customer_id) & customers.c[column].is_(None)
    connection.execute(update(customers).where(is_new).values({column: now}))


def add_address(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(addresses).values(row))


def put_address(connection: Connection, address_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(addresses).where(addresses.c.id == address_id).values(values))


def addresses_of(connection: Connection, customer_id: str) -> list[RowMapping]:
    """The default first, then as they came."""
    wanted = select(addresses).where(addresses.c.customer_id == customer_id)
    ordered = wanted.order_by(addresses.c.is_default.desc(), addresses.c.created_at, addresses.c.id)
    return list(connection.execute(ordered).mappings())


def make_default(connection: Connection, customer_id: str, address_id: str) -> None:
    """In two statements, as the index is checked row by row."""
    theirs = addresses.c.customer_id == customer_id
    was = theirs & addresses.c.is_default & (addresses.c.id != address_id)
    connection.execute(update(addresses).where(was).values(is_default=False))
    connection.execute(update(addresses).where(theirs, addresses.c.id == address_id).values(is_default=True))


def drop_address(connection: Connection, address_id: str) -> None:
    connection.execute(delete(addresses).where(addresses.c.id == address_id))


def add_consent(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(consents).values(row))


def consents_of(connection: Connection, subject_id: str) -> list[RowMapping]:
    """All that were ever given or withdrawn, in order."""
    wanted = select(consents).where(consents.c.subject_id == subject_id).order_by(consents.c.number)
    return list(connection.execute(wanted).mappings())


def preferences(connection: Connection, customer_id: str) -> Preferences | None:
    wanted = select(contact_preferences).where(contact_preferences.c.customer_id == customer_id)
    row = connection.execute(wanted).mappings().first()
    return Preferences(Channel(row["channel"]), Language(row["language"])) if row else None


def put_preferences(connection: Connection, customer_id: str, wanted: Preferences, *, now: datetime) -> None:
    values = {**vars(wanted), "updated_at": now}
    statement = insert(contact_preferences).values(customer_id=customer_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["customer_id"], set_=values))
