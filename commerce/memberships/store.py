"""The memberships' rows, each change to them, each period that was paid and what it brought."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.memberships.models import Benefit, ChangeKind, Grant, Membership, MembershipStatus, Tier
from foundation.money import Money
from foundation.personal import BOOKS, Kept, personal, through
from foundation.sql import metadata

MOST_AT_ONCE = 100

memberships = Table(
    "memberships",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("tier", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("discount_percent", Integer, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id")),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("anchor_at", DateTime(timezone=True), nullable=False),
    Column("period", Integer, nullable=False),
    Column("period_start", DateTime(timezone=True), nullable=False),
    Column("period_end", DateTime(timezone=True), nullable=False),
    Column("planned_tier", Text),
    Column("failed_at", DateTime(timezone=True)),
    Column("retries", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), comment="when the calendar alone changes something"),
    Column("cancelled_at", DateTime(timezone=True)),
    Column("cancel_reason_sealed", Text),
    Column("ended_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    info=personal(
        "customer_id",
        kept=Kept(BOOKS),
        sealed={"cancel_reason_sealed": "memberships.cancel_reason"},
    ),
)
Index(
    "ix_memberships_one_a_customer",
    memberships.c.customer_id,
    unique=True,
    postgresql_where=memberships.c.ended_at.is_(None),
)
Index("ix_memberships_due_at", memberships.c.due_at, postgresql_where=memberships.c.ended_at.is_(None))

changes = Table(
    "membership_changes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("membership_id", Text, ForeignKey("memberships.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("from_tier", Text),
    Column("to_tier", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id")),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    info=personal(through("membership_id", memberships.c.id), kept=Kept(BOOKS)),
)

periods = Table(
    "membership_periods",
    metadata,
    Column("membership_id", Text, ForeignKey("memberships.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tier", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id"), unique=True),
    Column("paid_at", DateTime(timezone=True), nullable=False),
    info=personal(through("membership_id", memberships.c.id), kept=Kept(BOOKS)),
)

recurrings = Table(
    "membership_recurrings",
    metadata,
    Column("membership_id", Text, ForeignKey("memberships.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("recurring_id", Text, unique=True, comment="empty until the gateway has answered"),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("stopped_at", DateTime(timezone=True)),
    info=personal(through("membership_id", memberships.c.id), kept=Kept(BOOKS)),
)

grants = Table(
    "benefit_grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("membership_id", Text, ForeignKey("memberships.id"), nullable=False),
    Column("period", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_id", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("membership_id", "period", "kind"),
    info=personal(through("membership_id", memberships.c.id), kept=Kept(BOOKS)),
)


@dataclass(frozen=True)
class Subscribed:
    """A subscription at the gateway, and what it charges a month."""

    membership_id: str
    number: int
    id: str | None
    """None while it is intended and perhaps begun: only the gateway knows."""
    amount: Money

    @property
    def key(self) -> str:
        return f"{self.membership_id}:recurring:{self.number}"


def save(connection: Connection, membership: Membership, *, due_at: datetime | None, at: datetime) -> None:
    """Write the membership as it now is."""
    row: dict[str, Any] = {
        "id": membership.id,
        "customer_id": membership.customer_id,
        "tier": membership.tier,
        "status": membership.status,
        "price_cents": membership.price.cents,
        "currency": membership.price.currency,
        "discount_percent": membership.percent,
        "payment_id": membership.payment_id,
        "started_at": membership.started_at,
        "anchor_at": membership.anchor_at,
        "period": membership.period,
        "period_start": membership.period_start,
        "period_end": membership.period_end,
        "planned_tier": membership.planned_tier,
        "failed_at": membership.failed_at,
        "retries": membership.retries,
        "due_at": due_at,
        "cancelled_at": membership.cancelled_at,
        "cancel_reason_sealed": membership.cancel_reason_sealed,
        "ended_at": membership.ended_at,
        "updated_at": at,
    }
    statement = insert(memberships).values({**row, "created_at": membership.started_at})
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))


def add_change(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(changes).values(row))


def add_period(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(periods).values(row))


def changed_by(connection: Connection, key: str) -> tuple[ChangeKind, Membership] | None:
    """What that key has already done, and the membership as it is now."""
    wanted = (
        select(memberships, changes.c.kind)
        .join_from(changes, memberships, changes.c.membership_id == memberships.c.id)
        .where(changes.c.key == key)
    )
    row = connection.execute(wanted).mappings().first()
    return (ChangeKind(row["kind"]), _membership(row)) if row else None


def current(connection: Connection, customer_id: str) -> Membership | None:
    """The one that has not ended."""
    wanted = select(memberships).where(
        memberships.c.customer_id == customer_id, memberships.c.ended_at.is_(None)
    )
    row = connection.execute(wanted).mappings().first()
    return _membership(row) if row else None


def current_with_gift(connection: Connection, customer_id: str) -> tuple[Membership | None, bool]:
    """The one that has not ended, and whether its gift of this period has been given."""
    given = (grants.c.membership_id == memberships.c.id) & (grants.c.period == memberships.c.period)
    wanted = (
        select(memberships, grants.c.id.label("gift"))
        .outerjoin(grants, given & (grants.c.kind == Benefit.GIFT))
        .where(memberships.c.customer_id == customer_id, memberships.c.ended_at.is_(None))
    )
    row = connection.execute(wanted).mappings().first()
    return (_membership(row), row["gift"] is not None) if row else (None, False)


def latest(connection: Connection, customer_id: str) -> Membership | None:
    wanted = select(memberships).where(memberships.c.customer_id == customer_id)
    row = connection.execute(wanted.order_by(memberships.c.started_at.desc())).mappings().first()
    return _membership(row) if row else None


def ids_of(connection: Connection, customer_id: str) -> Sequence[str]:
    wanted = select(memberships.c.id).where(memberships.c.customer_id == customer_id)
    return connection.execute(wanted).scalars().all()


def find(connection: Connection, membership_id: str) -> Membership:
    row = connection.execute(select(memberships).where(memberships.c.id == membership_id)).mappings().one()
    return _membership(row)


def active(connection: Connection) -> Sequence[str]:
    """The ids of those that are paid and run on."""
    wanted = select(memberships.c.id).where(memberships.c.status == MembershipStatus.ACTIVE)
    return connection.execute(wanted).scalars().all()


def members(connection: Connection, tiers: Collection[Tier]) -> Sequence[str]:
    """Who has a paid membership of one of these tiers."""
    paid = memberships.c.status == MembershipStatus.ACTIVE
    wanted = select(memberships.c.customer_id).where(paid, memberships.c.tier.in_(tiers))
    return connection.execute(wanted.order_by(memberships.c.customer_id)).scalars().all()


def due(connection: Connection, at: datetime, *, after: str) -> Sequence[str]:
    """What the calendar is to change, in the order of the ids, so that one that waits holds up none."""
    is_due = memberships.c.ended_at.is_(None) & (memberships.c.due_at <= at) & (memberships.c.id > after)
    wanted = select(memberships.c.id).where(is_due).order_by(memberships.c.id).limit(MOST_AT_ONCE)
    return connection.execute(wanted).scalars().all()


def hold_alignment(connection: Connection, membership_id: str) -> None:
    """One at a time arranges what the gateway charges for a membership, until the transaction ends."""
    key = func.hashtextextended(f"alignment:{membership_id}", 0)
    connection.execute(select(func.pg_advisory_xact_lock(key)))


def live_recurring(connection: Connection, membership_id: str) -> Subscribed | None:
    """The subscription that charges for the membership, or is about to."""
    latest = select(recurrings).where(recurrings.c.membership_id == membership_id)
    row = connection.execute(latest.order_by(recurrings.c.number.desc())).mappings().first()
    if row is None or row["stopped_at"] is not None:
        return None
    amount = Money(row["amount_cents"], row["currency"])
    return Subscribed(membership_id, row["number"], row["recurring_id"], amount)


def intend_recurring(
    connection: Connection, membership_id: str, *, amount: Money, at: datetime
) -> Subscribed:
    counted = select(func.count()).where(recurrings.c.membership_id == membership_id)
    number = int(connection.execute(counted).scalar_one()) + 1
    row = {
        "membership_id": membership_id,
        "number": number,
        "amount_cents": amount.cents,
        "currency": amount.currency,
        "created_at": at,
    }
    connection.execute(insert(recurrings).values(row))
    return Subscribed(membership_id, number, None, amount)


def owner_of_recurring(connection: Connection, recurring_id: str) -> str | None:
    """The id of the membership that a subscription, stopped or not, was for."""
    wanted = select(recurrings.c.membership_id).where(recurrings.c.recurring_id == recurring_id)
    return connection.execute(wanted).scalar_one_or_none()


def change_recurring(connection: Connection, subscription: Subscribed, **values: object) -> None:
    mine = (recurrings.c.membership_id == subscription.membership_id) & (
        recurrings.c.number == subscription.number
    )
    connection.execute(update(recurrings).where(mine).values(values))


def end_recurring(connection: Connection, recurring_id: str, at: datetime) -> None:
    statement = update(recurrings).where(recurrings.c.recurring_id == recurring_id)
    connection.execute(statement.values(stopped_at=at))


def is_booked(connection: Connection, payment_id: str) -> bool:
    """Whether that payment has bought a period."""
    wanted = select(periods.c.number).where(periods.c.payment_id == payment_id)
    return connection.execute(wanted).first() is not None


def grant(connection: Connection, row: dict[str, Any]) -> bool:
    """False when the membership has had that benefit in that period."""
    same = ["membership_id", "period", "kind"]
    statement = insert(grants).values(row).on_conflict_do_nothing(index_elements=same)
    return connection.execute(statement.returning(grants.c.id)).first() is not None


def take_back(connection: Connection, customer_id: str, kind: Benefit, *, order_id: str) -> None:
    theirs = select(memberships.c.id).where(memberships.c.customer_id == customer_id)
    of_order = (grants.c.order_id == order_id) & (grants.c.kind == kind)
    connection.execute(delete(grants).where(grants.c.membership_id.in_(theirs), of_order))


def grants_of(connection: Connection, customer_id: str) -> list[Grant]:
    """The latest first."""
    wanted = (
        select(grants)
        .join_from(grants, memberships, grants.c.membership_id == memberships.c.id)
        .where(memberships.c.customer_id == customer_id)
        .order_by(grants.c.at.desc(), grants.c.kind)
        .limit(MOST_AT_ONCE)
    )
    return [
        Grant(Benefit(row["kind"]), row["period"], row["at"], row["order_id"])
        for row in connection.execute(wanted).mappings()
    ]


def _membership(row: RowMapping) -> Membership:
    return Membership(
        id=row["id"],
        customer_id=row["customer_id"],
        tier=Tier(row["tier"]),
        status=MembershipStatus(row["status"]),
        price=Money(row["price_cents"], row["currency"]),
        percent=row["discount_percent"],
        started_at=row["started_at"],
        anchor_at=row["anchor_at"],
        period=row["period"],
        period_start=row["period_start"],
        period_end=row["period_end"],
        payment_id=row["payment_id"],
        planned_tier=Tier(row["planned_tier"]) if row["planned_tier"] else None,
        failed_at=row["failed_at"],
        retries=row["retries"],
        cancelled_at=row["cancelled_at"],
        cancel_reason_sealed=row["cancel_reason_sealed"],
        ended_at=row["ended_at"],
    )
