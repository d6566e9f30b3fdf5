"""Cards on file: each a token of the gateway's, sealed; a removed one stays for the payments it made."""

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
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.payments.models import Card
from foundation.personal import BOOKS, Kept, personal
from foundation.sql import metadata

RENEWED = ("token_sealed", "brand", "last_four", "marks", "is_unmistakable", "is_default")

cards = Table(
    "cards",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("token_sealed", Text, nullable=False),
    Column("nonce_digest", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("last_four", String(4), nullable=False),
    Column("marks", Text, nullable=False),
    Column("is_unmistakable", Boolean, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("removed_at", DateTime(timezone=True)),
    UniqueConstraint("customer_id", "nonce_digest"),
    info=personal(
        "customer_id",
        kept=Kept(BOOKS, {"token_sealed": "", "marks": "", "is_default": False}),
        withheld=("token_sealed", "nonce_digest", "marks"),
    ),
)
Index("ix_cards_default", cards.c.customer_id, unique=True, postgresql_where=cards.c.is_default)


def add(connection: Connection, row: dict[str, Any]) -> Card:
    """As the default; a nonce whose card was removed brings that card back."""
    _no_default(connection, row["customer_id"])
    renewed = {name: row[name] for name in RENEWED}
    statement = insert(cards).values(row)
    statement = statement.on_conflict_do_update(
        constraint="uq_cards_customer_id_nonce_digest", set_={**renewed, "removed_at": None}
    )
    return _card(connection.execute(statement.returning(cards)).mappings().one())


def by_nonce(connection: Connection, customer_id: str, nonce_digest: str) -> Card | None:
    wanted = _cards_of(customer_id).where(cards.c.nonce_digest == nonce_digest)
    row = connection.execute(wanted).mappings().first()
    return _card(row) if row else None


def use(connection: Connection, card: Card, *, nonce_digest: str) -> Card:
    """A card on file, entered again: the default from now on."""
    _no_default(connection, card.customer_id)
    again = update(cards).where(cards.c.id == card.id).values(is_default=True, nonce_digest=nonce_digest)
    return _card(connection.execute(again.returning(cards)).mappings().one())


def of_customer(connection: Connection, customer_id: str) -> list[Card]:
    """The oldest first; of those of one moment, the default last."""
    wanted = _cards_of(customer_id).order_by(cards.c.created_at, cards.c.is_default, cards.c.id)
    return [_card(row) for row in connection.execute(wanted).mappings()]


def tokens_of(connection: Connection, customer_id: str) -> list[tuple[Card, str]]:
    """The cards on file, each with its sealed token."""
    rows = connection.execute(_cards_of(customer_id)).mappings()
    return [(_card(row), row["token_sealed"]) for row in rows]


def default(connection: Connection, customer_id: str) -> Card | None:
    row = connection.execute(_cards_of(customer_id).where(cards.c.is_default)).mappings().first()
    return _card(row) if row else None


def find(connection: Connection, card_id: str) -> tuple[Card, str]:
    """The card, removed or not, and its sealed token."""
    row = connection.execute(select(cards).where(cards.c.id == card_id)).mappings().one()
    return _card(row), row["token_sealed"]


def remove(connection: Connection, card_id: str, *, heir_id: str | None, at: datetime) -> None:
    """`heir_id` becomes the default in its place."""
    connection.execute(update(cards).where(cards.c.id == card_id).values(is_default=False, removed_at=at))
    connection.execute(update(cards).where(cards.c.id == heir_id).values(is_default=True))


def _cards_of(customer_id: str) -> Select[Any]:
    return select(cards).where(cards.c.customer_id == customer_id, cards.c.removed_at.is_(None))


def _card(row: RowMapping) -> Card:
    return Card(
        id=row["id"],
        customer_id=row["customer_id"],
        brand=row["brand"],
        last_four=row["last_four"],
        is_default=row["is_default"],
        marks=row["marks"],
        is_unmistakable=row["is_unmistakable"],
    )


def _no_default(connection: Connection, customer_id: str) -> None:
    theirs = update(cards).where(cards.c.customer_id == customer_id, cards.c.is_default)
    connection.execute(theirs.values(is_default=False))
