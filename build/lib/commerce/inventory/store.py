"""The products' rows. Every write raises a row's revision, so that a cached catalogue sees that it is old."""

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from commerce.inventory.models import Category, Effect, Flavour, Product
from foundation.money import Money
from foundation.sql import metadata

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("sku", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("effects", ARRAY(Text), nullable=False),
    Column("flavours", ARRAY(Text), nullable=False),
    Column("cbd_mg", Float, nullable=False),
    Column("thc_mg", Float, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("available", Boolean, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="1"),
)
KEPT = frozenset({"id", "revision"})


def put(connection: Connection, changed: Iterable[Product]) -> None:
    rows = [row(product) for product in changed]
    if not rows:
        return
    statement = insert(products)
    new = {c.name: statement.excluded[c.name] for c in products.c if c.name not in KEPT}
    raised = {"revision": products.c.revision + 1}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[products.c.id], set_=new | raised), rows
    )


def revision(connection: Connection) -> tuple[int, int]:
    """Changes with every commit that added or changed a product, in whatever order they come."""
    row = connection.execute(select(func.count(), func.coalesce(func.sum(products.c.revision), 0))).one()
    return row[0], int(row[1])


def every(connection: Connection) -> list[Product]:
    return [_product(row) for row in connection.execute(select(products).order_by(products.c.id)).mappings()]


def find(connection: Connection, product_id: str) -> Product | None:
    row = connection.execute(select(products).where(products.c.id == product_id)).mappings().first()
    return _product(row) if row else None


def row(product: Product) -> dict[str, object]:
    return {
        "id": product.id,
        "source": product.source,
        "sku": product.sku,
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "description": product.description,
        "effects": list(product.effects),
        "flavours": list(product.flavours),
        "cbd_mg": product.cbd_mg,
        "thc_mg": product.thc_mg,
        "price_cents": product.price.cents,
        "currency": product.price.currency,
        "quantity": product.quantity,
        "available": product.available,
        "attributes": dict(product.attributes),
        "updated_at": product.updated_at,
    }


def _product(row: RowMapping) -> Product:
    return Product(
        id=row["id"],
        source=row["source"],
        sku=row["sku"],
        name=row["name"],
        brand=row["brand"],
        category=Category(row["category"]),
        description=row["description"],
        effects=tuple(Effect(effect) for effect in row["effects"]),
        flavours=tuple(Flavour(flavour) for flavour in row["flavours"]),
        cbd_mg=row["cbd_mg"],
        thc_mg=row["thc_mg"],
        price=Money(row["price_cents"], row["currency"]),
        quantity=row["quantity"],
        available=row["available"],
        attributes=row["attributes"],
        updated_at=row["updated_at"],
    )
