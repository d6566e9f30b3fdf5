"""Carts and orders. An order's lines are kept in its row: they are written once and read together."""

from collections.abc import Mapping, Sequence
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
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from commerce.checkout.models import MOST_OF_ONE, Order, OrderStatus
from commerce.checkout.pricing import Line, Totals
from foundation.keyset import Keyset, older
from foundation.money import Money
from foundation.personal import BOOKS, Kept, personal
from foundation.sql import metadata

cart_lines = Table(
    "cart_lines",
    metadata,
    Column("owner_id", Text, primary_key=True, comment="a customer or a guest"),
    Column("product_id", Text, ForeignKey("products.id"), primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("locked_until", DateTime(timezone=True), nullable=False, index=True),
    Column("added_at", DateTime(timezone=True), nullable=False),
    info=personal("owner_id"),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("state", String(2), nullable=False),
    Column("percent", Integer, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("subtotal_cents", BigInteger, nullable=False),
    Column("discount_cents", BigInteger, nullable=False),
    Column("tax_cents", BigInteger, nullable=False),
    Column("total_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("card_last_four", String(4), nullable=False),
    Column("source", Text, nullable=False),
    Column("from_cart", Boolean, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id")),
    Column("review_id", Text, unique=True),
    Column("reasons", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    info=personal("customer_id", kept=Kept(BOOKS)),
)
Index("ix_orders_customer", orders.c.customer_id, orders.c.created_at)
Index("ix_orders_created", orders.c.created_at)
OPEN = (OrderStatus.PENDING, OrderStatus.REVIEW)
Index("ix_orders_open", orders.c.updated_at, postgresql_where=orders.c.status.in_(OPEN))

CART = select(cart_lines).where(cart_lines.c.owner_id == bindparam("owner")).order_by(
    cart_lines.c.added_at, cart_lines.c.product_id
)  # fmt: skip
ONE = (cart_lines.c.owner_id == bindparam("owner"), cart_lines.c.product_id == bindparam("product"))
CHANGE = update(cart_lines).where(*ONE).values(quantity=bindparam("pieces"))
REMOVE = delete(cart_lines).where(*ONE)
TAKE = delete(cart_lines).where(
    cart_lines.c.owner_id == bindparam("owner"),
    cart_lines.c.product_id == func.any(bindparam("bought", type_=ARRAY(Text))),
)

ADD_ORDER = insert(orders)
BY_KEY = select(orders).where(orders.c.key == bindparam("wanted"))
BY_ID = select(orders).where(orders.c.id == bindparam("wanted"))
BY_REVIEW = select(orders).where(orders.c.review_id == bindparam("wanted"))
CART_UNDER_WAY = select(orders.c.id).where(
    orders.c.customer_id == bindparam("of"), orders.c.status == OrderStatus.PENDING, orders.c.from_cart
)
MOVE = (
    update(orders)
    .where(orders.c.id == bindparam("of"), orders.c.status.in_(OPEN))
    .values(
        status=bindparam("status"),
        payment_id=func.coalesce(bindparam("paid_by", type_=Text), orders.c.payment_id),
        updated_at=bindparam("at"),
    )
)


def put_in_cart(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add to what is there, up to the limit; the price is locked anew."""
    statement = insert(cart_lines).values(row)
    new = statement.excluded
    changed = {
        "quantity": func.least(MOST_OF_ONE, cart_lines.c.quantity + new.quantity),
        "price_cents": new.price_cents,
        "currency": new.currency,
        "locked_until": new.locked_until,
    }
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[cart_lines.c.owner_id, cart_lines.c.product_id], set_=changed
        )
    )


def change_cart(connection: Connection, owner_id: str, product_id: str, *, quantity: int) -> bool:
    values = {"owner": owner_id, "product": product_id, "pieces": quantity}
    return connection.execute(CHANGE, values).rowcount > 0


def remove_from_cart(connection: Connection, owner_id: str, product_id: str) -> bool:
    return connection.execute(REMOVE, {"owner": owner_id, "product": product_id}).rowcount > 0


def take_from_cart(connection: Connection, owner_id: str, product_ids: Sequence[str]) -> None:
    connection.execute(TAKE, {"owner": owner_id, "bought": list(product_ids)})


def cart(connection: Connection, owner_id: str) -> Sequence[RowMapping]:
    return connection.execute(CART, {"owner": owner_id}).mappings().all()


def merge_cart(connection: Connection, guest_id: str, customer_id: str) -> int:
    """Move the guest's lines to the customer, whose own price holds where both have one; how many moved."""
    gone = delete(cart_lines).where(cart_lines.c.owner_id == guest_id).returning(cart_lines).cte("gone")
    named = [column.name for column in cart_lines.c if column.name != "owner_id"]
    source = select(bindparam("customer", customer_id, type_=Text), *(gone.c[name] for name in named))
    moved = insert(cart_lines).from_select(["owner_id", *named], source)
    both = func.least(MOST_OF_ONE, cart_lines.c.quantity + moved.excluded.quantity)
    statement = moved.on_conflict_do_update(
        index_elements=[cart_lines.c.owner_id, cart_lines.c.product_id], set_={"quantity": both}
    )
    return len(connection.execute(statement.returning(cart_lines.c.product_id)).all())


def prune_carts(connection: Connection, *, before: datetime) -> int:
    return connection.execute(delete(cart_lines).where(cart_lines.c.locked_until < before)).rowcount


def add(connection: Connection, order: Order) -> None:
    connection.execute(ADD_ORDER, row(order))


def by_key(connection: Connection, key: str) -> Order | None:
    return _first(connection.execute(BY_KEY, {"wanted": key}).mappings().first())


def find(connection: Connection, order_id: str) -> Order | None:
    return _first(connection.execute(BY_ID, {"wanted": order_id}).mappings().first())


def by_review(connection: Connection, review_id: str) -> Order | None:
    return _first(connection.execute(BY_REVIEW, {"wanted": review_id}).mappings().first())


def of_customer(
    connection: Connection, customer_id: str, *, limit: int, after: Keyset | None = None
) -> list[Order]:
    """The latest first, without those that never came about."""
    wanted = select(orders).where(orders.c.customer_id == customer_id, orders.c.status != OrderStatus.FAILED)
    return _latest(connection, wanted, limit=limit, after=after)


def latest(
    connection: Connection, *, status: OrderStatus | None, limit: int, after: Keyset | None = None
) -> list[Order]:
    wanted = select(orders) if status is None else select(orders).where(orders.c.status == status)
    return _latest(connection, wanted, limit=limit, after=after)


def _latest(connection: Connection, wanted: Select[Any], *, limit: int, after: Keyset | None) -> list[Order]:
    if after is not None:
        wanted = wanted.where(older(orders.c.created_at, orders.c.id, after))
    latest = wanted.order_by(orders.c.created_at.desc(), orders.c.id).limit(limit)
    return [_order(found) for found in connection.execute(latest).mappings()]


def left_open(connection: Connection, *, before: datetime) -> list[Order]:
    """Orders that wait for no person: pending, or with a charge whose review may be over."""
    is_charged = orders.c.payment_id.is_not(None) & (orders.c.status == OrderStatus.REVIEW)
    is_left = (orders.c.status == OrderStatus.PENDING) | is_charged
    wanted = select(orders).where(orders.c.status.in_(OPEN), is_left, orders.c.updated_at <= before)
    return [_order(found) for found in connection.execute(wanted.order_by(orders.c.updated_at)).mappings()]


def is_cart_under_way(connection: Connection, customer_id: str) -> bool:
    """Whether an order of what is in their cart is neither booked nor given up."""
    return connection.execute(CART_UNDER_WAY, {"of": customer_id}).first() is not None


def move(connection: Connection, order: Order) -> bool:
    """Write where an open order has come to; False when it is open no more."""
    values = {"of": order.id, "status": order.status, "paid_by": order.payment_id, "at": order.updated_at}
    return connection.execute(MOVE, values).rowcount > 0


def cancel(connection: Connection, order: Order) -> None:
    values = {"status": OrderStatus.CANCELLED, "updated_at": order.updated_at}
    connection.execute(update(orders).where(orders.c.id == order.id).values(values))


def row(order: Order) -> dict[str, Any]:
    totals = order.totals
    return {
        "id": order.id,
        "key": order.key,
        "customer_id": order.customer_id,
        "status": order.status,
        "state": order.state,
        "percent": order.percent,
        "lines": [_written(line) for line in order.lines],
        "subtotal_cents": totals.subtotal.cents,
        "discount_cents": totals.discount.cents,
        "tax_cents": totals.tax.cents,
        "total_cents": totals.total.cents,
        "currency": totals.total.currency,
        "card_last_four": order.card_last_four,
        "source": order.source,
        "from_cart": order.from_cart,
        "payment_id": order.payment_id,
        "review_id": order.review_id,
        "reasons": list(order.reasons),
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def _written(line: Line) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "price_cents": line.price.cents,
        "discount_cents": line.discount.cents,
        "tax_cents": line.tax.cents,
        "is_gift": line.is_gift,
    }


def _first(found: RowMapping | None) -> Order | None:
    return None if found is None else _order(found)


def _order(row: RowMapping) -> Order:
    currency = row["currency"]
    return Order(
        id=row["id"],
        key=row["key"],
        customer_id=row["customer_id"],
        status=OrderStatus(row["status"]),
        state=row["state"],
        percent=row["percent"],
        lines=tuple(_line(each, currency) for each in row["lines"]),
        totals=Totals(
            Money(row["subtotal_cents"], currency),
            Money(row["discount_cents"], currency),
            Money(row["tax_cents"], currency),
        ),
        card_last_four=row["card_last_four"],
        source=row["source"],
        from_cart=row["from_cart"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        payment_id=row["payment_id"],
        review_id=row["review_id"],
        reasons=tuple(row["reasons"]),
    )


def _line(written: Mapping[str, Any], currency: str) -> Line:
    return Line(
        product_id=written["product_id"],
        sku=written["sku"],
        name=written["name"],
        quantity=written["quantity"],
        price=Money(written["price_cents"], currency),
        discount=Money(written["discount_cents"], currency),
        tax=Money(written["tax_cents"], currency),
        is_gift=written["is_gift"],
    )
