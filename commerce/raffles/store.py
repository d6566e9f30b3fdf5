"""Raffles, what is held or bought in them, and the tickets."""

from collections.abc import Sequence
from datetime import datetime

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
    UniqueConstraint,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from commerce.raffles.models import (
    Purchase,
    PurchaseStatus,
    Raffle,
    RaffleNotFound,
    RaffleStatus,
    Taken,
    Ticket,
)
from foundation.keyset import Keyset, older
from foundation.money import Money
from foundation.personal import IMPERSONAL, LOTTERY, Kept, personal
from foundation.sql import metadata

raffles = Table(
    "raffles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("prize", Text, nullable=False),
    Column("ticket_price_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("max_tickets", Integer, nullable=False),
    Column("per_customer_limit", Integer, nullable=False),
    Column("minimum_age", Integer, nullable=False),
    Column("opens_at", DateTime(timezone=True), nullable=False),
    Column("closes_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("sold", Integer, nullable=False, comment="the last ticket number issued"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("runners_up", Integer, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("cancel_reason", Text),
    info=IMPERSONAL,
)

raffle_purchases = Table(
    "raffle_purchases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("raffle_id", Text, ForeignKey("raffles.id"), nullable=False),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("status", Text, nullable=False),
    Column("held_until", DateTime(timezone=True), nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("refund_id", Text),
    Column("refunded_at", DateTime(timezone=True)),
    info=personal("customer_id", kept=Kept(LOTTERY)),
)
Index(
    "ix_raffle_purchases_refunding",
    raffle_purchases.c.raffle_id,
    raffle_purchases.c.customer_id,
    postgresql_where=raffle_purchases.c.status == PurchaseStatus.REFUNDING,
)
Index(
    "ix_raffle_purchases_held",
    raffle_purchases.c.raffle_id,
    postgresql_where=raffle_purchases.c.status == PurchaseStatus.HELD,
)
Index("ix_raffle_purchases_customer", raffle_purchases.c.customer_id, raffle_purchases.c.raffle_id)

raffle_tickets = Table(
    "raffle_tickets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("raffle_id", Text, ForeignKey("raffles.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("purchase_id", Text, ForeignKey("raffle_purchases.id"), nullable=False, index=True),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("raffle_id", "number"),
    info=personal("customer_id", kept=Kept(LOTTERY)),
)


def add(connection: Connection, raffle: Raffle, *, created_at: datetime) -> None:
    row = {
        "id": raffle.id,
        "title": raffle.title,
        "prize": raffle.prize,
        "ticket_price_cents": raffle.ticket_price.cents,
        "currency": raffle.ticket_price.currency,
        "max_tickets": raffle.max_tickets,
        "per_customer_limit": raffle.per_customer_limit,
        "minimum_age": raffle.minimum_age,
        "opens_at": raffle.opens_at,
        "closes_at": raffle.closes_at,
        "status": raffle.status,
        "sold": raffle.sold,
        "runners_up": raffle.runners_up,
        "algorithm": raffle.algorithm,
        "created_at": created_at,
    }
    connection.execute(insert(raffles).values(row))


def find(connection: Connection, raffle_id: str) -> Raffle | None:
    row = connection.execute(select(raffles).where(raffles.c.id == raffle_id)).mappings().first()
    return raffle_of(row) if row else None


def known(connection: Connection, raffle_id: str) -> Raffle:
    """Raises RaffleNotFound."""
    raffle = find(connection, raffle_id)
    if raffle is None:
        raise RaffleNotFound
    return raffle


def locked(connection: Connection, raffle_id: str) -> Raffle:
    """Others wait at the row until the transaction ends; raises RaffleNotFound."""
    wanted = select(raffles).where(raffles.c.id == raffle_id).with_for_update(key_share=True)
    row = connection.execute(wanted).mappings().first()
    if row is None:
        raise RaffleNotFound
    return raffle_of(row)


def list_open(connection: Connection, now: datetime) -> list[Raffle]:
    wanted = select(raffles).where(sells_at(now))
    return [raffle_of(row) for row in connection.execute(wanted.order_by(raffles.c.closes_at)).mappings()]


def sells_at(now: datetime) -> ColumnElement[bool]:
    is_time = (raffles.c.opens_at <= now) & (raffles.c.closes_at > now)
    return (raffles.c.status == RaffleStatus.OPEN) & is_time


def in_status(
    connection: Connection, status: RaffleStatus, *, limit: int, after: Keyset | None = None
) -> list[Raffle]:
    """The latest first."""
    wanted = select(raffles).where(raffles.c.status == status)
    if after is not None:
        wanted = wanted.where(older(raffles.c.closes_at, raffles.c.id, after))
    latest = wanted.order_by(raffles.c.closes_at.desc(), raffles.c.id).limit(limit)
    return [raffle_of(row) for row in connection.execute(latest).mappings()]


def created_at(connection: Connection, raffle_id: str) -> datetime:
    wanted = select(raffles.c.created_at).where(raffles.c.id == raffle_id)
    found: datetime = connection.execute(wanted).scalar_one()
    return found


def cancel_reason(connection: Connection, raffle_id: str) -> str:
    wanted = select(raffles.c.cancel_reason).where(raffles.c.id == raffle_id)
    return connection.execute(wanted).scalar_one() or ""


def change(connection: Connection, raffle: Raffle, **values: object) -> Raffle:
    """The raffle as it is then."""
    statement = update(raffles).where(raffles.c.id == raffle.id).values(values).returning(raffles)
    return raffle_of(connection.execute(statement).mappings().one())


def taken(
    connection: Connection, raffle: Raffle, customer_id: str, *, except_key: str, now: datetime
) -> Taken:
    """Places sold or held by others, and bought or held by this customer under another key.

    What a member was given does not count against what they may buy.
    """
    is_held = (raffle_purchases.c.status == PurchaseStatus.HELD) & (raffle_purchases.c.held_until > now)
    is_mine = raffle_purchases.c.customer_id == customer_id
    is_issued = (raffle_purchases.c.status == PurchaseStatus.ISSUED) & (raffle_purchases.c.amount_cents > 0)
    quantity = func.coalesce(func.sum(raffle_purchases.c.quantity), 0)
    in_raffle = (raffle_purchases.c.raffle_id == raffle.id) & (raffle_purchases.c.key != except_key)
    held = select(quantity).where(in_raffle, is_held).scalar_subquery()
    mine = select(quantity).where(in_raffle, is_mine, is_held | is_issued).scalar_subquery()
    row = connection.execute(select(held.label("held"), mine.label("mine"))).one()
    return Taken(all=raffle.sold + row.held, by_customer=row.mine)


def hold(connection: Connection, purchase: Purchase) -> Purchase:
    """Keep the places; asked again with the same key, their time starts anew."""
    row = {
        "id": purchase.id,
        "key": purchase.key,
        "raffle_id": purchase.raffle_id,
        "customer_id": purchase.customer_id,
        "quantity": purchase.quantity,
        "amount_cents": purchase.total.cents,
        "currency": purchase.total.currency,
        "status": purchase.status,
        "held_until": purchase.held_until,
        "created_at": purchase.created_at,
    }
    again = {"status": purchase.status, "held_until": purchase.held_until}
    statement = (
        upsert(raffle_purchases)
        .values(row)
        .on_conflict_do_update(index_elements=[raffle_purchases.c.key], set_=again)
        .returning(raffle_purchases)
    )
    return _purchase(connection.execute(statement).mappings().one())


def release(connection: Connection, key: str) -> None:
    connection.execute(
        update(raffle_purchases)
        .where(raffle_purchases.c.key == key, raffle_purchases.c.status == PurchaseStatus.HELD)
        .values(status=PurchaseStatus.RELEASED)
    )


def purchase(connection: Connection, key: str) -> Purchase | None:
    wanted = select(raffle_purchases).where(raffle_purchases.c.key == key)
    row = connection.execute(wanted).mappings().first()
    return _purchase(row) if row else None


def issue(
    connection: Connection, purchase: Purchase, tickets: Sequence[Ticket], *, payment_id: str | None
) -> None:
    connection.execute(
        update(raffles)
        .where(raffles.c.id == purchase.raffle_id)
        .values(sold=raffles.c.sold + purchase.quantity)
    )
    connection.execute(
        update(raffle_purchases)
        .where(raffle_purchases.c.id == purchase.id)
        .values(status=PurchaseStatus.ISSUED, payment_id=payment_id)
    )
    rows = [
        {
            "id": ticket.id,
            "raffle_id": ticket.raffle_id,
            "number": ticket.number,
            "customer_id": ticket.customer_id,
            "purchase_id": ticket.purchase_id,
            "issued_at": ticket.issued_at,
        }
        for ticket in tickets
    ]
    connection.execute(insert(raffle_tickets), rows)


def begin_refunds(connection: Connection, raffle_id: str) -> None:
    """Everything that was sold is to be paid back; what was given is only taken back."""
    sold = update(raffle_purchases).where(
        raffle_purchases.c.raffle_id == raffle_id, raffle_purchases.c.status == PurchaseStatus.ISSUED
    )
    was_paid = raffle_purchases.c.payment_id.is_not(None)
    connection.execute(sold.where(was_paid).values(status=PurchaseStatus.REFUNDING))
    connection.execute(sold.where(~was_paid).values(status=PurchaseStatus.RELEASED))


def to_refund(connection: Connection, *, after: tuple[str, str], limit: int) -> Sequence[tuple[str, str]]:
    """Raffle and customer of purchases still to be paid back."""
    place = (raffle_purchases.c.raffle_id, raffle_purchases.c.customer_id)
    is_later = tuple_(*place) > after
    owed = select(*place).where(raffle_purchases.c.status == PurchaseStatus.REFUNDING, is_later)
    rows = connection.execute(owed.distinct().order_by(*place).limit(limit)).all()
    return [(row.raffle_id, row.customer_id) for row in rows]


def refunding(connection: Connection, raffle_id: str, customer_id: str) -> list[tuple[Purchase, str]]:
    """The customer's purchases still to be paid back, with their payments; locked."""
    wanted = select(raffle_purchases).where(
        raffle_purchases.c.raffle_id == raffle_id,
        raffle_purchases.c.customer_id == customer_id,
        raffle_purchases.c.status == PurchaseStatus.REFUNDING,
    )
    rows = connection.execute(wanted.order_by(raffle_purchases.c.id).with_for_update()).mappings()
    return [(_purchase(row), row["payment_id"]) for row in rows]


def mark_refunded(connection: Connection, purchase: Purchase, *, refund_id: str, at: datetime) -> None:
    paid_back = update(raffle_purchases).where(raffle_purchases.c.id == purchase.id)
    connection.execute(paid_back.values(status=PurchaseStatus.REFUNDED, refund_id=refund_id, refunded_at=at))


def tickets_numbered(connection: Connection, raffle_id: str, numbers: Sequence[int]) -> list[Ticket]:
    """In the order of the numbers."""
    is_one = (raffle_tickets.c.raffle_id == raffle_id) & raffle_tickets.c.number.in_(numbers)
    found = {ticket.number: ticket for ticket in _tickets(connection, is_one)}
    return [found[number] for number in numbers]


def tickets_of(connection: Connection, customer_id: str) -> Sequence[Ticket]:
    """But not those of raffles that were cancelled."""
    is_mine = raffle_tickets.c.customer_id == customer_id
    return _tickets(connection, is_mine & (raffles.c.status != RaffleStatus.CANCELLED))


def tickets_bought(connection: Connection, purchase_id: str) -> Sequence[Ticket]:
    return _tickets(connection, raffle_tickets.c.purchase_id == purchase_id)


def _tickets(connection: Connection, condition: ColumnElement[bool]) -> Sequence[Ticket]:
    wanted = (
        select(raffle_tickets, raffles.c.title)
        .join(raffles, raffles.c.id == raffle_tickets.c.raffle_id)
        .where(condition)
        .order_by(raffle_tickets.c.issued_at, raffle_tickets.c.raffle_id, raffle_tickets.c.number)
    )
    return [
        Ticket(
            id=row["id"],
            raffle_id=row["raffle_id"],
            raffle_title=row["title"],
            number=row["number"],
            customer_id=row["customer_id"],
            purchase_id=row["purchase_id"],
            issued_at=row["issued_at"],
        )
        for row in connection.execute(wanted).mappings()
    ]


def _purchase(row: RowMapping) -> Purchase:
    return Purchase(
        id=row["id"],
        key=row["key"],
        raffle_id=row["raffle_id"],
        customer_id=row["customer_id"],
        quantity=row["quantity"],
        total=Money(row["amount_cents"], row["currency"]),
        status=PurchaseStatus(row["status"]),
        held_until=row["held_until"],
        created_at=row["created_at"],
    )


def raffle_of(row: RowMapping) -> Raffle:
    return Raffle(
        id=row["id"],
        title=row["title"],
        prize=row["prize"],
        ticket_price=Money(row["ticket_price_cents"], row["currency"]),
        max_tickets=row["max_tickets"],
        per_customer_limit=row["per_customer_limit"],
        minimum_age=row["minimum_age"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        status=RaffleStatus(row["status"]),
        sold=row["sold"],
        runners_up=row["runners_up"],
        algorithm=row["algorithm"],
    )
