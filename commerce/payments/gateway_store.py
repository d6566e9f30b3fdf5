"""The ledger's tables for what recurs at the gateway, and for what it sends unasked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.payments.models import INVOICE_LENGTH, Recurring, RecurringStatus
from commerce.payments.ports import Notification
from commerce.payments.store import payments
from foundation.money import Money
from foundation.personal import BOOKS, IMPERSONAL, Kept, personal
from foundation.sql import metadata

AT_ONCE = 20
"""So many plans are looked at together: each is a question to the gateway."""
WATCHED_ON = timedelta(days=2)
"""So long a plan that is over may still show a charge it made before."""

recurrings = Table(
    "recurrings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("card_id", Text, ForeignKey("cards.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("invoice", String(INVOICE_LENGTH), nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("subscription_id", Text, unique=True),
    Column("change_key", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("checked_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    info=personal("customer_id", kept=Kept(BOOKS)),
)
Index("ix_recurrings_watched", recurrings.c.checked_at)

gateway_notifications = Table(
    "gateway_notifications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, index=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("handled_at", DateTime(timezone=True)),
    info=IMPERSONAL,
)
Index(
    "ix_gateway_notifications_waiting",
    gateway_notifications.c.due_at,
    postgresql_where=gateway_notifications.c.handled_at.is_(None),
)


def add_recurring(connection: Connection, recurring: Recurring, *, at: datetime) -> None:
    row = {
        "id": recurring.id,
        "key": recurring.key,
        "customer_id": recurring.customer_id,
        "card_id": recurring.card_id,
        "name": recurring.name,
        "amount_cents": recurring.amount.cents,
        "currency": recurring.amount.currency,
        "first_at": recurring.first_at,
        "invoice": recurring.invoice,
        "status": recurring.status,
        "created_at": at,
    }
    connection.execute(insert(recurrings).values(row))


def recurring(connection: Connection, recurring_id: str) -> Recurring | None:
    return _one(connection, recurrings.c.id == recurring_id)


def recurring_by_key(connection: Connection, key: str) -> Recurring | None:
    return _one(connection, recurrings.c.key == key)


def by_subscription(connection: Connection, subscription_id: str) -> Recurring | None:
    return _one(connection, recurrings.c.subscription_id == subscription_id)


def recurring_on(connection: Connection, card_id: str) -> list[Recurring]:
    """What still charges a card."""
    live = recurrings.c.status.in_([RecurringStatus.PENDING, RecurringStatus.ACTIVE])
    wanted = select(recurrings).where(recurrings.c.card_id == card_id, live)
    return [_recurring(row) for row in connection.execute(wanted).mappings()]


def change_recurring(connection: Connection, recurring_id: str, **values: object) -> Recurring:
    statement = update(recurrings).where(recurrings.c.id == recurring_id).values(values)
    return _recurring(connection.execute(statement.returning(recurrings)).mappings().one())


def unwatched(connection: Connection, *, before: datetime) -> Sequence[str]:
    """Those begun at the gateway that nobody has looked at since then."""
    lately = recurrings.c.ended_at > before - WATCHED_ON
    wanted = select(recurrings.c.id).where(
        recurrings.c.checked_at <= before, or_(recurrings.c.status == RecurringStatus.ACTIVE, lately)
    )
    return connection.execute(wanted.order_by(recurrings.c.checked_at).limit(AT_ONCE)).scalars().all()


def published_transactions(connection: Connection, recurring_id: str) -> frozenset[str]:
    """The charges that the listener has received."""
    wanted = select(payments.c.transaction_id).where(
        payments.c.recurring_id == recurring_id, payments.c.told_at.is_not(None)
    )
    return frozenset(cast(Sequence[str], connection.execute(wanted).scalars().all()))


def put_notification(connection: Connection, notification: Notification, *, at: datetime) -> None:
    """Sent again, it changes nothing."""
    row = {**vars(notification), "received_at": at, "due_at": at}
    connection.execute(insert(gateway_notifications).values(row).on_conflict_do_nothing())


def waiting_notifications(connection: Connection, now: datetime, *, limit: int) -> list[Notification]:
    waiting = gateway_notifications.c.handled_at.is_(None) & (gateway_notifications.c.due_at <= now)
    wanted = select(gateway_notifications).where(waiting)
    oldest = wanted.order_by(gateway_notifications.c.due_at).limit(limit)
    return [
        Notification(row["id"], row["kind"], row["subject_id"])
        for row in connection.execute(oldest).mappings()
    ]


def claim_notification(connection: Connection, notification_id: str) -> bool:
    """False when somebody else reads it, or has read it."""
    table = gateway_notifications
    wanted = select(table.c.id).where(table.c.id == notification_id, table.c.handled_at.is_(None))
    return connection.execute(wanted.with_for_update(skip_locked=True)).first() is not None


def change_notification(connection: Connection, notification_id: str, **values: Any) -> None:  # noqa: ANN401
    table = gateway_notifications
    connection.execute(update(table).where(table.c.id == notification_id).values(values))


def count_try(connection: Connection, notification_id: str, *, error: str) -> int:
    """How often reading it has failed by now."""
    table = gateway_notifications
    statement = update(table).where(table.c.id == notification_id)
    counted = statement.values(tries=table.c.tries + 1, last_error=error).returning(table.c.tries)
    return int(connection.execute(counted).scalar_one())


def prune_notifications(connection: Connection, *, before: datetime) -> int:
    old = gateway_notifications.c.handled_at < before
    return connection.execute(delete(gateway_notifications).where(old)).rowcount


def _one(connection: Connection, condition: ColumnElement[bool]) -> Recurring | None:
    row = connection.execute(select(recurrings).where(condition)).mappings().first()
    return _recurring(row) if row else None


def _recurring(row: RowMapping) -> Recurring:
    return Recurring(
        id=row["id"],
        key=row["key"],
        customer_id=row["customer_id"],
        card_id=row["card_id"],
        name=row["name"],
        amount=Money(row["amount_cents"], row["currency"]),
        first_at=row["first_at"],
        invoice=row["invoice"],
        status=RecurringStatus(row["status"]),
        subscription_id=row["subscription_id"],
        change_key=row["change_key"],
    )
