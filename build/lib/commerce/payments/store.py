"""Cards on file and payments, with the intent of a charge written before the charge."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
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
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.payments.models import INVOICE_LENGTH, Card, Payment, PaymentStatus
from foundation.money import Money
from foundation.sql import metadata

OPEN = (PaymentStatus.PENDING, PaymentStatus.RETURNING)

cards = Table(
    "cards",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("token_sealed", Text, nullable=False),
    Column("nonce_digest", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("last_four", String(4), nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("customer_id", "nonce_digest"),
)
Index("ix_cards_default", cards.c.customer_id, unique=True, postgresql_where=cards.c.is_default)

payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("card_id", Text, ForeignKey("cards.id"), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("description", Text, nullable=False),
    Column("invoice", String(INVOICE_LENGTH), nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("transaction_id", Text),
    Column("response_sealed", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("delivered_at", DateTime(timezone=True), comment="set together with what was bought"),
    Column("returned_at", DateTime(timezone=True)),
    Column("return_reason", Text),
)
Index("ix_payments_open", payments.c.created_at, postgresql_where=payments.c.status.in_(list(OPEN)))
Index(
    "ix_payments_undelivered",
    payments.c.created_at,
    postgresql_where=(payments.c.status == PaymentStatus.APPROVED) & payments.c.delivered_at.is_(None),
)


def add_card(connection: Connection, row: dict[str, Any]) -> None:
    others = update(cards).where(cards.c.customer_id == row["customer_id"], cards.c.is_default)
    connection.execute(others.values(is_default=False))
    connection.execute(insert(cards).values(row))


def card_by_nonce(connection: Connection, customer_id: str, nonce_digest: str) -> Card | None:
    wanted = select(cards).where(cards.c.customer_id == customer_id, cards.c.nonce_digest == nonce_digest)
    row = connection.execute(wanted).mappings().first()
    return _card(row) if row else None


def cards_of(connection: Connection, customer_id: str) -> list[Card]:
    wanted = select(cards).where(cards.c.customer_id == customer_id).order_by(cards.c.created_at)
    return [_card(row) for row in connection.execute(wanted).mappings()]


def default_card(connection: Connection, customer_id: str) -> Card | None:
    wanted = select(cards).where(cards.c.customer_id == customer_id, cards.c.is_default)
    row = connection.execute(wanted).mappings().first()
    return _card(row) if row else None


def card(connection: Connection, card_id: str) -> tuple[Card, str]:
    """The card and its sealed token."""
    row = connection.execute(select(cards).where(cards.c.id == card_id)).mappings().one()
    return _card(row), row["token_sealed"]


def hold_key(connection: Connection, key: str) -> None:
    """Wait until nobody else works on this key; let go with the transaction, or when its process dies."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def try_hold_key(connection: Connection, key: str) -> bool:
    held = select(func.pg_try_advisory_xact_lock(func.hashtextextended(key, 0)))
    return bool(connection.execute(held).scalar_one())


def add(connection: Connection, payment: Payment) -> None:
    row = {
        "id": payment.id,
        "key": payment.key,
        "customer_id": payment.customer_id,
        "card_id": payment.card_id,
        "amount_cents": payment.amount.cents,
        "currency": payment.amount.currency,
        "description": payment.description,
        "invoice": payment.invoice,
        "status": payment.status,
        "created_at": payment.created_at,
    }
    connection.execute(insert(payments).values(row))


def find(connection: Connection, payment_id: str) -> Payment:
    wanted = select(payments).where(payments.c.id == payment_id)
    return _payment(connection.execute(wanted).mappings().one())


def by_key(connection: Connection, key: str) -> Payment | None:
    row = connection.execute(select(payments).where(payments.c.key == key)).mappings().first()
    return _payment(row) if row else None


def change(connection: Connection, payment: Payment, **values: object) -> Payment:
    """Write the values unless the status has changed meanwhile; the payment as it now stands."""
    statement = update(payments).where(payments.c.id == payment.id, payments.c.status == payment.status)
    connection.execute(statement.values(values))
    return find(connection, payment.id)


def mark_delivered(connection: Connection, payment_id: str, at: datetime) -> None:
    connection.execute(update(payments).where(payments.c.id == payment_id).values(delivered_at=at))


def unfinished(
    connection: Connection, *, opened_before: datetime, approved_before: datetime
) -> Sequence[Payment]:
    """Payments nobody has finished: unanswered, on their way back, or paid with nothing delivered."""
    is_open = payments.c.status.in_(OPEN) & (payments.c.created_at <= opened_before)
    is_undelivered = (
        (payments.c.status == PaymentStatus.APPROVED)
        & payments.c.delivered_at.is_(None)
        & (payments.c.created_at <= approved_before)
    )
    wanted = select(payments).where(is_open | is_undelivered).order_by(payments.c.created_at).limit(100)
    return [_payment(row) for row in connection.execute(wanted).mappings()]


def _card(row: RowMapping) -> Card:
    return Card(row["id"], row["customer_id"], row["brand"], row["last_four"], row["is_default"])


def _payment(row: RowMapping) -> Payment:
    return Payment(
        id=row["id"],
        key=row["key"],
        customer_id=row["customer_id"],
        card_id=row["card_id"],
        amount=Money(row["amount_cents"], row["currency"]),
        description=row["description"],
        invoice=row["invoice"],
        status=PaymentStatus(row["status"]),
        transaction_id=row["transaction_id"],
        created_at=row["created_at"],
        is_delivered=row["delivered_at"] is not None,
    )
