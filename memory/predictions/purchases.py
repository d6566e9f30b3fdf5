"""What each customer bought, as memory keeps it, and the few numbers of it that predictions need."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    DateTime,
    Index,
    Integer,
    Numeric,
    RowMapping,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from foundation.personal import personal
from foundation.sql import metadata
from memory.predictions.behaviour import Behaviour
from memory.predictions.repertoire import Lines
from memory.predictions.rhythm import Purchases, Rhythms

PURCHASES = Table(
    "purchases",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("customer_id", Text),
    Column("at", DateTime(timezone=True)),
    Column("day", Date),
    Column("amount_cents", BigInteger),
    Column("products", ARRAY(Text)),
    comment="all empty but the id: the order was given back",
    info=personal("customer_id"),
)
Index(None, PURCHASES.c.customer_id, PURCHASES.c.day)
RHYTHMS = Table(
    "rhythms",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("days", Integer, nullable=False),
    Column("spent_cents", BigInteger, nullable=False),
    info=personal("customer_id"),
)
CHANGES = Table(
    "purchase_changes",
    metadata,
    Column("customer_id", Text, primary_key=True),
    comment="whose purchases changed since it was last asked what these suggest",
    info=personal("customer_id"),
)
CUSTOMER = bindparam("customer", type_=Text)
OWN = (
    select(PURCHASES.c.day, PURCHASES.c.products)
    .where(PURCHASES.c.customer_id == CUSTOMER)
    .order_by(PURCHASES.c.day)
)
PIECE = cast(PURCHASES.c.amount_cents, Numeric) / func.nullif(func.cardinality(PURCHASES.c.products), 0)
BOUGHT = select(func.unnest(PURCHASES.c.products).label("product")).where(PURCHASES.c.customer_id == CUSTOMER)
PIECES = select(BOUGHT.subquery().c.product, func.count().label("count")).group_by("product").subquery()
BEHAVIOUR = select(
    func.count().label("purchases"),
    cast(func.coalesce(func.sum(PURCHASES.c.amount_cents), 0), BigInteger).label("spent_cents"),
    func.min(PURCHASES.c.at).label("first_at"),
    func.max(PURCHASES.c.at).label("last_at"),
    cast(func.min(PIECE), BigInteger).label("least_cents"),
    cast(func.max(PIECE), BigInteger).label("most_cents"),
    select(func.jsonb_object_agg(PIECES.c.product, PIECES.c.count)).scalar_subquery().label("pieces"),
).where(PURCHASES.c.customer_id == CUSTOMER)
SUMMARY = (
    select(
        PURCHASES.c.customer_id,
        func.min(PURCHASES.c.day),
        func.max(PURCHASES.c.day),
        func.count(PURCHASES.c.day.distinct()),
        func.sum(PURCHASES.c.amount_cents),
    )
    .where(PURCHASES.c.customer_id.is_not(None))
    .group_by(PURCHASES.c.customer_id)
)
SUMMARISE = insert(RHYTHMS).from_select(
    [each.name for each in RHYTHMS.c], SUMMARY.where(PURCHASES.c.customer_id == CUSTOMER)
)
CHANGE = insert(CHANGES).values(customer_id=CUSTOMER).on_conflict_do_nothing()
CHANGE_ALL = (
    insert(CHANGES).from_select(["customer_id"], select(RHYTHMS.c.customer_id)).on_conflict_do_nothing()
)
SUMMARISE_ALL = insert(RHYTHMS).from_select([each.name for each in RHYTHMS.c], SUMMARY)


@dataclass(frozen=True)
class Purchase:
    order_id: str
    customer_id: str
    at: datetime
    day: date
    amount_cents: int
    products: tuple[str, ...]
    """One for each piece."""


@dataclass(frozen=True)
class Rhythm:
    """One customer's; `days` on which they bought."""

    customer_id: str
    first_on: date
    last_on: date
    days: int
    spent_cents: int


@dataclass(frozen=True)
class Sample:
    """Purchases and lines of some customers, numbered from 0 on; days are ordinals."""

    purchases: Purchases
    lines: Lines
    products: tuple[str, ...]


def add(connection: Connection, purchase: Purchase) -> bool:
    """False when it is known already, or was given back."""
    row = asdict(purchase) | {"products": list(purchase.products)}
    added = insert(PURCHASES).values(row).on_conflict_do_nothing().returning(PURCHASES.c.order_id)
    if connection.scalar(added) is None:
        return False
    _summarise(connection, purchase.customer_id)
    return True


def take_back(connection: Connection, order_id: str) -> None:
    """An order that comes later under this id is not remembered either; the id alone stays."""
    theirs = select(PURCHASES.c.customer_id).where(PURCHASES.c.order_id == order_id).with_for_update()
    customer_id = connection.scalar(theirs)
    empty = {column.name: None for column in PURCHASES.c if column.name != "order_id"}
    statement = insert(PURCHASES).values(order_id=order_id)
    connection.execute(statement.on_conflict_do_update(index_elements=["order_id"], set_=empty))
    if customer_id is not None:
        _summarise(connection, customer_id)


def _summarise(connection: Connection, customer_id: str) -> None:
    """Made again from the customer's own purchases: in which order they came does not matter."""
    asked = {"customer": customer_id}
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"rhythm {customer_id}", 0))))
    connection.execute(delete(RHYTHMS).where(RHYTHMS.c.customer_id == customer_id))
    connection.execute(SUMMARISE, asked)
    connection.execute(CHANGE, asked)


def drop_before(connection: Connection, day: date) -> int:
    """Purchases older than that, out of the rhythms too; how many."""
    old = delete(PURCHASES).where(PURCHASES.c.day < day).returning(PURCHASES.c.customer_id)
    customers = connection.execute(old).scalars().all()
    for customer_id in sorted({each for each in customers if each is not None}):
        _summarise(connection, customer_id)
    return len(customers)


def summarise_all(connection: Connection) -> None:
    """Every rhythm made again from the purchases, as after an import of them."""
    connection.execute(delete(RHYTHMS))
    connection.execute(SUMMARISE_ALL)
    connection.execute(CHANGE_ALL)


def changed(connection: Connection, *, limit: int) -> list[str]:
    """Some customers whose purchases changed since they were last among these; others get others."""
    some = select(CHANGES.c.customer_id).order_by(CHANGES.c.customer_id).limit(limit)
    taken = delete(CHANGES).where(CHANGES.c.customer_id.in_(some.with_for_update(skip_locked=True)))
    return sorted(connection.execute(taken.returning(CHANGES.c.customer_id)).scalars())


def own(connection: Connection, customer_id: str) -> Sequence[tuple[date, Sequence[str]]]:
    """The days and products of a customer's purchases, the first first."""
    return [(row.day, row.products) for row in connection.execute(OWN, {"customer": customer_id})]


def find(connection: Connection, order_id: str) -> Purchase | None:
    """None also when it was given back."""
    wanted = select(PURCHASES).where(PURCHASES.c.order_id == order_id, PURCHASES.c.customer_id.is_not(None))
    row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else _purchase(row)


def behaviour(connection: Connection, customer_id: str) -> Behaviour:
    """What a customer's purchases add up to; one row, however many there are."""
    row = connection.execute(BEHAVIOUR, {"customer": customer_id}).mappings().one()
    return Behaviour(**{**row, "pieces": row["pieces"] or {}})


def since(connection: Connection, customer_ids: Sequence[str], *, at: datetime) -> list[Purchase]:
    """What these customers bought after a moment, in order of time."""
    statement = (
        select(PURCHASES)
        .where(PURCHASES.c.customer_id.in_(customer_ids), PURCHASES.c.at > at)
        .order_by(PURCHASES.c.at, PURCHASES.c.order_id)
    )
    rows = connection.execute(statement).mappings()
    return [_purchase(row) for row in rows]


def sample(connection: Connection, *, customers: int, products: int) -> Sample:
    """Of that many customers, always the same ones, and of the products that these bought most."""
    drawn = select(RHYTHMS.c.customer_id).order_by(func.md5(RHYTHMS.c.customer_id)).limit(customers)
    statement = select(
        PURCHASES.c.customer_id, PURCHASES.c.day, PURCHASES.c.amount_cents, PURCHASES.c.products
    ).where(PURCHASES.c.customer_id.in_(drawn))
    rows = connection.execute(statement.order_by(PURCHASES.c.customer_id)).all()
    numbers = {name: number for number, name in enumerate(dict.fromkeys(row.customer_id for row in rows))}
    customer = np.array([numbers[row.customer_id] for row in rows], np.int64)
    day = np.array([row.day.toordinal() for row in rows], np.int64)
    spent = np.array([row.amount_cents for row in rows], np.float64)
    counts = np.array([len(row.products) for row in rows], np.int64)
    bought = np.array([name for row in rows for name in row.products], np.str_)
    kept, product = _most_bought(bought, products)
    lines = Lines(np.repeat(customer, counts), np.repeat(day, counts), product).take(product >= 0)
    return Sample(Purchases(customer, day, spent), lines, kept)


def _most_bought(bought: np.ndarray[Any, np.dtype[np.str_]], most: int) -> tuple[tuple[str, ...], Any]:
    """The names in use, and each purchase's index into them, -1 for others."""
    names, number, counts = np.unique(bought, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-counts, kind="stable")[:most])
    place = np.full(len(names), -1, np.int64)
    place[kept] = np.arange(len(kept))
    return tuple(names[kept].tolist()), place[number]


def _purchase(row: RowMapping) -> Purchase:
    return Purchase(**{**row, "products": tuple(row["products"])})


def as_rhythms(found: Sequence[Rhythm], *, today: date) -> Rhythms:
    """In the order given, one row each, numbered by it."""
    numbers = np.array(
        [
            (each.first_on.toordinal(), each.last_on.toordinal(), each.days, each.spent_cents)
            for each in found
        ],
        np.float64,
    )
    first, last, days, spent = numbers.reshape(-1, 4).T
    return Rhythms(np.arange(len(found)), days - 1, last - first, today.toordinal() - first, spent / days)


def rhythm_of(row: RowMapping) -> Rhythm:
    return Rhythm(**{column.name: row[column.name] for column in RHYTHMS.c})
