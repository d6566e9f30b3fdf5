"""Cards on file, payments and refunds; an intent is written before the gateway is asked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
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
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.payments.models import (
    INVOICE_LENGTH,
    Card,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from foundation.money import Money
from foundation.sql import metadata

AT_ONCE = 100

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
    Column("removed_at", DateTime(timezone=True)),
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
    Column("transaction_id", Text, unique=True),
    Column("response_sealed", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("delivered_at", DateTime(timezone=True), comment="set together with what was bought"),
    Column("refunded_cents", BigInteger, nullable=False, server_default="0"),
    Column("returned_at", DateTime(timezone=True)),
    Column("return_reason", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("recurring_id", Text, ForeignKey("recurrings.id"), index=True),
    Column("told_at", DateTime(timezone=True), comment="a recurring charge: its listener has heard of it"),
    CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name="refunded"),
)
Index("ix_payments_open", payments.c.created_at, postgresql_where=payments.c.status == PaymentStatus.PENDING)
Index("ix_payments_held", payments.c.created_at, postgresql_where=payments.c.status == PaymentStatus.HELD)
Index(
    "ix_payments_undelivered",
    payments.c.created_at,
    postgresql_where=(payments.c.status == PaymentStatus.APPROVED) & payments.c.delivered_at.is_(None),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("payment_id", Text, ForeignKey("payments.id"), nullable=False, index=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", Text, nullable=False),
    Column("invoice", String(INVOICE_LENGTH), nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("transaction_id", Text),
    Column("response_sealed", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
)
Index("ix_refunds_due", refunds.c.due_at, postgresql_where=refunds.c.status == RefundStatus.PENDING)


def add_card(connection: Connection, row: dict[str, Any]) -> Card:
    """As the default; a nonce whose card was removed brings that card back."""
    others = update(cards).where(cards.c.customer_id == row["customer_id"], cards.c.is_default)
    connection.execute(others.values(is_default=False))
    renewed = {name: row[name] for name in ("token_sealed", "brand", "last_four", "is_default")}
    statement = insert(cards).values(row)
    statement = statement.on_conflict_do_update(
        constraint="uq_cards_customer_id_nonce_digest", set_={**renewed, "removed_at": None}
    )
    return _card(connection.execute(statement.returning(cards)).mappings().one())


def card_by_nonce(connection: Connection, customer_id: str, nonce_digest: str) -> Card | None:
    wanted = _cards_of(customer_id).where(cards.c.nonce_digest == nonce_digest)
    row = connection.execute(wanted).mappings().first()
    return _card(row) if row else None


def cards_of(connection: Connection, customer_id: str) -> list[Card]:
    """The oldest first; of those of one moment, the default last."""
    wanted = _cards_of(customer_id).order_by(cards.c.created_at, cards.c.is_default, cards.c.id)
    return [_card(row) for row in connection.execute(wanted).mappings()]


def tokens_of(connection: Connection, customer_id: str) -> Sequence[str]:
    """Sealed, of the cards on file."""
    return connection.execute(_cards_of(customer_id)).scalars(cards.c.token_sealed).all()


def default_card(connection: Connection, customer_id: str) -> Card | None:
    row = connection.execute(_cards_of(customer_id).where(cards.c.is_default)).mappings().first()
    return _card(row) if row else None


def card(connection: Connection, card_id: str) -> tuple[Card, str]:
    """The card, removed or not, and its sealed token."""
    row = connection.execute(select(cards).where(cards.c.id == card_id)).mappings().one()
    return _card(row), row["token_sealed"]


def remove_card(connection: Connection, card_id: str, *, heir_id: str | None, at: datetime) -> None:
    """`heir_id` becomes the default in its place."""
    connection.execute(update(cards).where(cards.c.id == card_id).values(is_default=False, removed_at=at))
    connection.execute(update(cards).where(cards.c.id == heir_id).values(is_default=True))


def hold_key(connection: Connection, key: str) -> None:
    """Wait until nobody else works on this key; let go with the transaction, or when its process dies."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def try_hold_key(connection: Connection, key: str) -> bool:
    held = select(func.pg_try_advisory_xact_lock(func.hashtextextended(key, 0)))
    return bool(connection.execute(held).scalar_one())


def add(connection: Connection, payment: Payment, **values: object) -> None:
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
        "transaction_id": payment.transaction_id,
        "created_at": payment.created_at,
        "recurring_id": payment.recurring_id,
    }
    connection.execute(insert(payments).values({**row, **values}))


def find(connection: Connection, payment_id: str) -> Payment:
    wanted = select(payments).where(payments.c.id == payment_id)
    return _payment(connection.execute(wanted).mappings().one())


def known(connection: Connection, payment_id: str) -> Payment | None:
    return _one(connection, select(payments).where(payments.c.id == payment_id))


def locked(connection: Connection, payment_id: str) -> Payment | None:
    return _one(connection, select(payments).where(payments.c.id == payment_id).with_for_update())


def by_key(connection: Connection, key: str) -> Payment | None:
    return _one(connection, select(payments).where(payments.c.key == key))


def by_transaction(connection: Connection, transaction_id: str) -> Payment | None:
    return _one(connection, select(payments).where(payments.c.transaction_id == transaction_id))


def of_customer(connection: Connection, customer_id: str, *, limit: int) -> list[Payment]:
    wanted = select(payments).where(payments.c.customer_id == customer_id)
    latest = wanted.order_by(payments.c.created_at.desc(), payments.c.id).limit(limit)
    return [_payment(row) for row in connection.execute(latest).mappings()]


def held(connection: Connection) -> list[Payment]:
    wanted = select(payments).where(payments.c.status == PaymentStatus.HELD)
    oldest = wanted.order_by(payments.c.created_at).limit(AT_ONCE)
    return [_payment(row) for row in connection.execute(oldest).mappings()]


def change(connection: Connection, payment: Payment, **values: object) -> Payment:
    """Write the values unless the status has changed meanwhile; the payment as it now stands."""
    statement = update(payments).where(payments.c.id == payment.id, payments.c.status == payment.status)
    connection.execute(statement.values(values))
    return find(connection, payment.id)


def mark_delivered(connection: Connection, payment_id: str, at: datetime) -> None:
    connection.execute(update(payments).where(payments.c.id == payment_id).values(delivered_at=at))


def mark_told(connection: Connection, payment_id: str, at: datetime) -> None:
    connection.execute(update(payments).where(payments.c.id == payment_id).values(told_at=at))


def unfinished(
    connection: Connection, *, opened_before: datetime, approved_before: datetime, decided_before: datetime
) -> Sequence[str]:
    """The keys of charges that nobody has finished: unanswered, or paid with nothing delivered."""
    is_open = (payments.c.status == PaymentStatus.PENDING) & (payments.c.created_at <= opened_before)
    is_late = payments.c.decided_at.is_(None) & (payments.c.created_at <= approved_before)
    is_undelivered = (
        (payments.c.status == PaymentStatus.APPROVED)
        & payments.c.delivered_at.is_(None)
        & payments.c.recurring_id.is_(None)
        & payments.c.return_reason.is_(None)
        & (is_late | (payments.c.decided_at <= decided_before))
    )
    wanted = select(payments.c.key).where(is_open | is_undelivered)
    return connection.execute(wanted.order_by(payments.c.created_at).limit(AT_ONCE)).scalars().all()


def add_refund(connection: Connection, refund: Refund) -> None:
    row = {
        "id": refund.id,
        "key": refund.key,
        "payment_id": refund.payment_id,
        "customer_id": refund.customer_id,
        "amount_cents": refund.amount.cents,
        "currency": refund.amount.currency,
        "reason": refund.reason,
        "invoice": refund.invoice,
        "status": refund.status,
        "created_at": refund.created_at,
        "due_at": refund.created_at + timedelta(minutes=1),
    }
    connection.execute(insert(refunds).values(row))


def refund_by_key(connection: Connection, key: str) -> Refund | None:
    row = connection.execute(select(refunds).where(refunds.c.key == key)).mappings().first()
    return _refund(row) if row else None


def refunds_of(connection: Connection, payment_id: str) -> list[Refund]:
    wanted = select(refunds).where(refunds.c.payment_id == payment_id).order_by(refunds.c.created_at)
    return [_refund(row) for row in connection.execute(wanted).mappings()]


def change_refund(connection: Connection, refund_id: str, **values: object) -> Refund:
    statement = update(refunds).where(refunds.c.id == refund_id).values(values).returning(refunds)
    return _refund(connection.execute(statement).mappings().one())


def has_pending_refund(connection: Connection, payment_id: str) -> bool:
    pending = (refunds.c.payment_id == payment_id) & (refunds.c.status == RefundStatus.PENDING)
    return bool(connection.execute(select(exists().where(pending))).scalar_one())


def due_refunds(connection: Connection, now: datetime) -> Sequence[str]:
    """The keys of refunds that wait to be tried again."""
    due = select(refunds.c.key).where(refunds.c.status == RefundStatus.PENDING, refunds.c.due_at <= now)
    return connection.execute(due.order_by(refunds.c.due_at).limit(AT_ONCE)).scalars().all()


def _cards_of(customer_id: str) -> Select[Any]:
    return select(cards).where(cards.c.customer_id == customer_id, cards.c.removed_at.is_(None))


def _card(row: RowMapping) -> Card:
    return Card(row["id"], row["customer_id"], row["brand"], row["last_four"], row["is_default"])


def _one(connection: Connection, wanted: Select[Any]) -> Payment | None:
    row = connection.execute(wanted).mappings().first()
    return _payment(row) if row else None


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
        refunded=Money(row["refunded_cents"], row["currency"]),
        recurring_id=row["recurring_id"],
    )


def _refund(row: RowMapping) -> Refund:
    return Refund(
        id=row["id"],
        key=row["key"],
        payment_id=row["payment_id"],
        customer_id=row["customer_id"],
        amount=Money(row["amount_cents"], row["currency"]),
        reason=row["reason"],
        invoice=row["invoice"],
        status=RefundStatus(row["status"]),
        created_at=row["created_at"],
    )
