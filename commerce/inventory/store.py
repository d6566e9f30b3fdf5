"""The products' rows, and what of them is reserved for purchases under way.

Every write raises a row's revision, and every move of stock its moves, so that a cached catalogue
sees what of it is old. Rows of stock are locked in the order of their ids, by everybody.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from commerce.inventory.models import Category, Effect, Flavour, Product
from foundation.money import Money
from foundation.personal import IMPERSONAL
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
    Column("min_tier", Text),
    Column("released_at", DateTime(timezone=True)),
    Column("reserved", Integer, nullable=False, server_default="0"),
    Column("moves", BigInteger, nullable=False, server_default="0", comment="how often its stock has moved"),
    info=IMPERSONAL,
)
stock_reservations = Table(
    "stock_reservations",
    metadata,
    Column("key", Text, primary_key=True),
    Column("product_id", Text, ForeignKey("products.id"), primary_key=True, index=True),
    Column("quantity", Integer, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False, index=True),
    info=IMPERSONAL,
)
KEPT = frozenset({"id", "revision", "reserved", "moves"})
"""What no bringing up to date changes."""


def _reserve() -> ReturningInsert[tuple[str]]:
    """Of all products or, with a row too few as the sign of it, of those that are there."""
    arrays = bindparam("ids", type_=ARRAY(Text)), bindparam("quantities", type_=ARRAY(Integer))
    asked = func.unnest(*arrays).table_valued("product_id", "quantity").render_derived()
    locked = (
        select(products.c.id, asked.c.quantity)
        .join_from(products, asked, products.c.id == asked.c.product_id)
        .where(products.c.available)
        .where(products.c.quantity - products.c.reserved >= asked.c.quantity)
        .order_by(products.c.id)
        .with_for_update(of=products, key_share=True)
        .cte("locked")
    )
    moved = (
        update(products)
        .where(products.c.id == locked.c.id)
        .values(reserved=products.c.reserved + locked.c.quantity, moves=products.c.moves + 1)
        .returning(products.c.id, locked.c.quantity)
        .cte("moved")
    )
    values = (bindparam("key", type_=Text), moved.c.id, moved.c.quantity, bindparam("until", type_=UNTIL))
    source = select(*values)
    columns_of = ["key", "product_id", "quantity", "until"]
    return (
        insert(stock_reservations).from_select(columns_of, source).returning(stock_reservations.c.product_id)
    )


def _end(*, sold: bool) -> ReturningUpdate[tuple[str, int]]:
    """Deduct a reservation from the stock, or release it."""
    gone = (
        delete(stock_reservations)
        .where(stock_reservations.c.key == bindparam("key"))
        .returning(stock_reservations.c.product_id, stock_reservations.c.quantity)
        .cte("gone")
    )
    locked = (
        select(products.c.id, gone.c.quantity)
        .join_from(products, gone, products.c.id == gone.c.product_id)
        .order_by(products.c.id)
        .with_for_update(of=products, key_share=True)
        .cte("locked")
    )
    taken = {"quantity": products.c.quantity - locked.c.quantity} if sold else {}
    moved = {"reserved": products.c.reserved - locked.c.quantity, "moves": products.c.moves + 1}
    ended = update(products).where(products.c.id == locked.c.id).values(taken | moved)
    return ended.returning(products.c.id, products.c.quantity)


UNTIL = DateTime(timezone=True)
RESERVE, CONFIRM, RELEASE = _reserve(), _end(sold=True), _end(sold=False)
MANY = select(products).where(products.c.id == func.any(bindparam("ids", type_=ARRAY(Text))))
KEEP = update(stock_reservations).where(stock_reservations.c.key == bindparam("of")).values(
    until=bindparam("later")
)  # fmt: skip
LAPSED = (
    select(stock_reservations.c.key)
    .where(stock_reservations.c.until < bindparam("now"))
    .distinct()
    .limit(100)
)
RESTOCK = (
    update(products)
    .where(products.c.id == bindparam("of"))
    .values(quantity=products.c.quantity + bindparam("back"), moves=products.c.moves + 1)
)
REVISION = select(
    func.count(),
    func.coalesce(func.sum(products.c.revision), 0),
    func.coalesce(func.sum(products.c.moves), 0),
)
STOCK = select(products.c.id, products.c.quantity, products.c.reserved)


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


def revision(connection: Connection) -> tuple[tuple[int, int], int]:
    """What changes with every commit that added or changed a product, and with every move of stock."""
    count, changes, moves = connection.execute(REVISION).one()
    return (count, int(changes)), int(moves)


def stock(connection: Connection) -> Mapping[str, tuple[int, int]]:
    """How much of each product there is, and how much of that is reserved."""
    return {row.id: (row.quantity, row.reserved) for row in connection.execute(STOCK)}


def many(connection: Connection, ids: Sequence[str]) -> dict[str, Product]:
    return {row["id"]: _product(row) for row in connection.execute(MANY, {"ids": list(ids)}).mappings()}


def reserve(connection: Connection, quantities: Mapping[str, int], *, key: str, until: datetime) -> set[str]:
    """The ids of the products reserved."""
    values = {
        "ids": list(quantities),
        "quantities": list(quantities.values()),
        "key": key,
        "until": until,
    }
    return {row.product_id for row in connection.execute(RESERVE, values)}


def confirm(connection: Connection, key: str) -> Mapping[str, int]:
    """What is left in stock of each product; empty when the reservation no longer exists."""
    return {row.id: row.quantity for row in connection.execute(CONFIRM, {"key": key})}


def release(connection: Connection, key: str) -> bool:
    return bool(connection.execute(RELEASE, {"key": key}).all())


def keep(connection: Connection, key: str, *, until: datetime) -> None:
    connection.execute(KEEP, {"of": key, "later": until})


def lapsed(connection: Connection, now: datetime) -> Sequence[str]:
    return connection.execute(LAPSED, {"now": now}).scalars().all()


def restock(connection: Connection, quantities: Mapping[str, int]) -> None:
    rows = [{"of": product_id, "back": quantities[product_id]} for product_id in sorted(quantities)]
    connection.execute(RESTOCK, rows)


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
        "min_tier": product.min_tier,
        "released_at": product.released_at,
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
        reserved=row["reserved"],
        min_tier=row["min_tier"],
        released_at=row["released_at"],
    )
