"""The promotions' rows."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from commerce.memberships.models import Tier
from commerce.memberships.promotions import Promotion
from foundation.money import Money
from foundation.personal import IMPERSONAL
from foundation.sql import metadata

promotions = Table(
    "promotions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("tiers", ARRAY(Text), nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False, index=True),
    Column("percent", Integer),
    Column("off_cents", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("category", Text),
    Column("product_id", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    info=IMPERSONAL,
)


def add(connection: Connection, promotion: Promotion, *, by: str, at: datetime) -> None:
    row = {
        "id": promotion.id,
        "title": promotion.title,
        "tiers": sorted(promotion.tiers),
        "starts_at": promotion.starts_at,
        "ends_at": promotion.ends_at,
        "percent": promotion.percent,
        "off_cents": promotion.off.cents if promotion.off else None,
        "currency": (promotion.off or Money(0)).currency,
        "category": promotion.category,
        "product_id": promotion.product_id,
        "created_by": by,
        "created_at": at,
    }
    connection.execute(insert(promotions).values(row))


def running(connection: Connection, at: datetime) -> list[Promotion]:
    wanted = select(promotions).where(promotions.c.starts_at <= at, promotions.c.ends_at > at)
    return [_promotion(row) for row in connection.execute(wanted.order_by(promotions.c.id)).mappings()]


def _promotion(row: RowMapping) -> Promotion:
    return Promotion(
        id=row["id"],
        title=row["title"],
        tiers=frozenset(map(Tier, row["tiers"])),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        percent=row["percent"],
        off=None if row["off_cents"] is None else Money(row["off_cents"], row["currency"]),
        category=row["category"],
        product_id=row["product_id"],
    )
