"""Payments and refunds; an intent is written before the gateway is asked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
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
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.payments.models import (
    INVOICE_LENGTH,
    Payment,
    PaymentStatus,
    Refund,
    RefundOrigin,
    RefundStatus,
)
from foundation.keyset import Keyset, newer, older
from foundation.money import Money
from foundation.personal import BOOKS, Kept, personal
from foundation.sql import metadata

AT_ONCE = 100
GIVEN_BACK = "back:"
"""With the payment's id it is the key of the refund of what was never delivered."""

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
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("recurring_id", Text, ForeignKey("recurrings.id"), index=True),
    Column("purpose", Text, nullable=False, server_default=""),
    Column("told_at", DateTime(timezone=True), comment="a recurring charge: when its listener was notified"),
    CheckConstraint("refunded_cents BETWEEN 0 AND amount_cents", name="refunded"),
    info=personal("customer_id", kept=Kept(BOOKS), sealed={"response_sealed": "payments.response"}),
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
    Column("origin", Text, nullable=False, server_default=RefundOrigin.SHOP),
    info=personal("customer_id", kept=Kept(BOOKS), sealed={"response_sealed": "refunds.response"}),
)
Index("ix_refunds_due", refunds.c.due_at, postgresql_where=refunds.c.status == RefundStatus.PENDING)


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
        "purpose": payment.purpose,
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


def by_invoice(connection: Connection, invoice: str) -> Payment | None:
    return _one(connection, select(payments).where(payments.c.invoice == invoice))


def by_transaction(connection: Connection, transaction_id: str) -> Payment | None:
    return _one(connection, select(payments).where(payments.c.transaction_id == transaction_id))


def of_customer(
    connection: Connection, customer_id: str, *, limit: int, after: Keyset | None = None
) -> list[Payment]:
    wanted = select(payments).where(payments.c.customer_id == customer_id)
    if after is not None:
        wanted = wanted.where(older(payments.c.created_at, payments.c.id, after))
    latest = wanted.order_by(payments.c.created_at.desc(), payments.c.id).limit(limit)
    return [_payment(row) for row in connection.execute(latest).mappings()]


def held(connection: Connection, *, limit: int, after: Keyset | None = None) -> list[Payment]:
    wanted = select(payments).where(payments.c.status == PaymentStatus.HELD)
    if after is not None:
        wanted = wanted.where(newer(payments.c.created_at, payments.c.id, after))
    oldest = wanted.order_by(payments.c.created_at, payments.c.id).limit(limit)
    return [_payment(row) for row in connection.execute(oldest).mappings()]


def change(connection: Connection, payment: Payment, **values: object) -> Payment:
    """Write the values unless the status has changed meanwhile; the payment as it is then."""
    statement = update(payments).where(payments.c.id == payment.id, payments.c.status == payment.status)
    connection.execute(statement.values(values))
    return find(connection, payment.id)


def mark_delivered(connection: Connection, payment_id: str, at: datetime) -> None:
    connection.execute(update(payments).where(payments.c.id == payment_id).values(delivered_at=at))


def mark_published(connection: Connection, payment_id: str, at: datetime) -> None:
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
        & ~exists().where(refunds.c.key == literal(GIVEN_BACK).concat(payments.c.id))
        & (is_late | (payments.c.decided_at <= decided_before))
    )
    wanted = select(payments.c.key).where(is_open | is_undelivered)
    return connection.execute(wanted.order_by(payments.c.created_at).limit(AT_ONCE)).scalars().all()


def add_refund(connection: Connection, refund: Refund, **values: object) -> None:
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
        "origin": refund.origin,
    }
    connection.execute(insert(refunds).values({**row, **values}))


def refund_by_key(connection: Connection, key: str) -> Refund | None:
    row = connection.execute(select(refunds).where(refunds.c.key == key)).mappings().first()
    return _refund(row) if row else None


def refund_at_gateway(connection: Connection, *, transaction_id: str, invoice: str) -> Refund | None:
    """The one that is this transaction there; until its answer has arrived, it is found by its invoice."""
    is_it = or_(refunds.c.transaction_id == transaction_id, refunds.c.invoice == invoice)
    row = connection.execute(select(refunds).where(is_it)).mappings().first()
    return _refund(row) if row else None


def not_noted(connection: Connection, transaction_ids: Sequence[str]) -> list[str]:
    """Those of these returns at the gateway that no refund here is."""
    known = select(refunds.c.transaction_id).where(refunds.c.transaction_id.in_(transaction_ids))
    noted = set(connection.execute(known).scalars())
    return [each for each in transaction_ids if each not in noted]


def refunds_of(connection: Connection, payment_id: str) -> list[Refund]:
    wanted = select(refunds).where(refunds.c.payment_id == payment_id).order_by(refunds.c.created_at)
    return [_refund(row) for row in connection.execute(wanted).mappings()]


def change_refund(connection: Connection, refund_id: str, **values: object) -> Refund:
    statement = update(refunds).where(refunds.c.id == refund_id).values(values).returning(refunds)
    return _refund(connection.execute(statement).mappings().one())


def has_unsettled(connection: Connection, customer_id: str) -> bool:
    """Whether a charge or a refund of theirs may still move money."""
    undecided = (PaymentStatus.PENDING, PaymentStatus.HELD, PaymentStatus.RETURNING)
    is_owed = (payments.c.status == PaymentStatus.APPROVED) & payments.c.delivered_at.is_(None)
    is_open = payments.c.status.in_(undecided) | (
        is_owed & (payments.c.refunded_cents < payments.c.amount_cents)
    )
    of_theirs = (payments.c.customer_id == customer_id) & is_open
    going_back = (refunds.c.customer_id == customer_id) & (refunds.c.status == RefundStatus.PENDING)
    either = exists().where(of_theirs) | exists().where(going_back)
    return bool(connection.execute(select(either)).scalar())


def has_pending_refund(connection: Connection, payment_id: str) -> bool:
    pending = (refunds.c.payment_id == payment_id) & (refunds.c.status == RefundStatus.PENDING)
    return bool(connection.execute(select(exists().where(pending))).scalar_one())


def due_refunds(connection: Connection, now: datetime) -> Sequence[str]:
    """The keys of refunds that wait to be tried again."""
    due = select(refunds.c.key).where(refunds.c.status == RefundStatus.PENDING, refunds.c.due_at <= now)
    return connection.execute(due.order_by(refunds.c.due_at).limit(AT_ONCE)).scalars().all()


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
        purpose=row["purpose"],
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
        origin=RefundOrigin(row["origin"]),
    )
