"""The memberships' rows: at most one a customer that is not cancelled."""

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
    insert,
    select,
)

from commerce.memberships.models import Membership, MembershipStatus, Tier
from foundation.money import Money
from foundation.sql import metadata

memberships = Table(
    "memberships",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("tier", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("discount_percent", Integer, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id")),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("next_billing_at", DateTime(timezone=True), nullable=False),
    Column("cancelled_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
Index(
    "ix_memberships_one_a_customer",
    memberships.c.customer_id,
    unique=True,
    postgresql_where=memberships.c.status != MembershipStatus.CANCELLED,
)


def add(connection: Connection, membership: Membership, *, key: str) -> None:
    row = {
        "id": membership.id,
        "key": key,
        "customer_id": membership.customer_id,
        "tier": membership.tier,
        "status": membership.status,
        "price_cents": membership.price.cents,
        "currency": membership.price.currency,
        "discount_percent": membership.percent,
        "payment_id": membership.payment_id,
        "started_at": membership.started_at,
        "next_billing_at": membership.next_billing_at,
        "created_at": membership.started_at,
        "updated_at": membership.started_at,
    }
    connection.execute(insert(memberships).values(row))


def active(connection: Connection, customer_id: str) -> Membership | None:
    wanted = select(memberships).where(
        memberships.c.customer_id == customer_id, memberships.c.status == MembershipStatus.ACTIVE
    )
    row = connection.execute(wanted).mappings().first()
    return _membership(row) if row else None


def by_key(connection: Connection, key: str) -> Membership | None:
    row = connection.execute(select(memberships).where(memberships.c.key == key)).mappings().first()
    return _membership(row) if row else None


def _membership(row: RowMapping) -> Membership:
    return Membership(
        id=row["id"],
        customer_id=row["customer_id"],
        tier=Tier(row["tier"]),
        status=MembershipStatus(row["status"]),
        price=Money(row["price_cents"], row["currency"]),
        percent=row["discount_percent"],
        started_at=row["started_at"],
        next_billing_at=row["next_billing_at"],
        payment_id=row["payment_id"],
    )
