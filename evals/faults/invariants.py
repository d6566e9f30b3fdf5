"""Invariants checked after fault injection: counts of a customer's effects, and violations by kind."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, cast, func, select

from agent.graph.history import LOST, repaired
from agent.models.base import Message
from agent.turns.models import TurnStatus
from agent.turns.tables import messages, threads, turns
from api.containers.warehouse_tables import TABLES
from commerce.checkout.models import OrderStatus
from commerce.checkout.store import cart_lines, orders
from commerce.inventory.store import products, stock_reservations
from commerce.memberships.store import changes, grants, memberships
from commerce.payments.gateway_store import recurrings
from commerce.payments.models import PaymentStatus
from commerce.payments.ports import PlanStatus
from commerce.payments.sandbox_store import sandbox_charges, sandbox_plans
from commerce.payments.store import payments
from commerce.raffles.store import raffle_purchases, raffle_tickets
from evals.faults.shop import INITIAL_STOCK
from foundation.outbox import DELIVERIES, OUTBOX
from foundation.sql import Ledger
from foundation.warehouse.base import Warehouse
from foundation.warehouse.schema import FieldType
from foundation.warehouse.schema import Table as WarehouseTable
from memory.conversations.store import INTERACTIONS
from memory.facts.store import FACTS
from memory.profiles.events import CustomerProfileRow
from tools.confirmations import pending_actions
from tools.effects import effects

Kind = Literal[
    "double_effects",
    "lost_effects",
    "lost_messages",
    "unfinished_turns",
    "doubled_events",
    "lost_events",
    "broken_histories",
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
EVENT, NOTICE = "event of ", "notice of "


@dataclass(frozen=True)
class Finding:
    kind: Kind
    text: str


@dataclass
class Outcome:
    kills: Counter[str] = field(default_factory=Counter)
    """By target or kill point."""
    findings: list[Finding] = field(default_factory=list)


EffectCounts = Counter[str]
"""How many rows of each kind a customer has."""


def count_effects(ledger: Ledger, customer_id: str) -> EffectCounts:
    """Every effect of the customer's conversations."""
    counts: EffectCounts = Counter()
    with ledger.transaction() as tx:
        for table in (memberships, raffle_purchases, raffle_tickets, FACTS, INTERACTIONS):
            counts[table.name] = _count(tx, table, table.c.customer_id == customer_id)
        counts["effects"] = _count(tx, effects, effects.c.principal_id == customer_id)
        counts["turns"] = _count(tx, turns, turns.c.principal_id == customer_id)
        counts["charges"] = len(tx.execute(_charges(customer_id)).all())
        counts += _count_by(tx, payments.c.status, payments.c.customer_id == customer_id, name="payment ")
        is_theirs = pending_actions.c.principal_id == customer_id
        counts += _count_by(tx, pending_actions.c.status, is_theirs, name="pending action ")
        is_theirs = OUTBOX.c.customer_id == customer_id
        # Turns that memory learns in one batch make one row of profiles, so their number is not determined.
        counts += _count_by(
            tx, OUTBOX.c.topic, is_theirs & (OUTBOX.c.topic != CustomerProfileRow.topic), name=EVENT
        )
        template = OUTBOX.c.payload["template"].astext
        counts += _count_by(tx, template, is_theirs & (OUTBOX.c.topic == "notices"), name=NOTICE)
    return counts + _count_orders(ledger, customer_id) + _count_memberships(ledger, customer_id)


def _count_orders(ledger: Ledger, customer_id: str) -> EffectCounts:
    """The customer's cart, orders and reservations."""
    of_customer = orders.c.customer_id == customer_id
    with ledger.transaction() as tx:
        counts = _count_by(tx, orders.c.status, of_customer, name="order ")
        counts["cart_lines"] = _count(tx, cart_lines, cart_lines.c.owner_id == customer_id)
        is_theirs = stock_reservations.c.key.in_(select(orders.c.key).where(of_customer))
        counts["stock_reservations"] = _count(tx, stock_reservations, is_theirs)
    return counts


def _count_memberships(ledger: Ledger, customer_id: str) -> EffectCounts:
    """The customer's memberships, their changes, and the plans active at the gateway."""
    of_customer = select(memberships.c.id).where(memberships.c.customer_id == customer_id)
    plans = select(recurrings.c.invoice).where(recurrings.c.customer_id == customer_id)
    with ledger.transaction() as tx:
        counts = _count_by(tx, memberships.c.tier, memberships.c.id.in_(of_customer), name="member of ")
        counts += _count_by(tx, changes.c.kind, changes.c.membership_id.in_(of_customer), name="change ")
        counts["benefit_grants"] = _count(tx, grants, grants.c.membership_id.in_(of_customer))
        is_active = sandbox_plans.c.invoice.in_(plans) & (sandbox_plans.c.status == PlanStatus.ACTIVE)
        counts += _count_by(
            tx, cast(sandbox_plans.c.amount_cents, Text), is_active, name="monthly plan, cents: "
        )
    return counts


def differences(found: Mapping[str, int], expected: Mapping[str, int]) -> Iterator[Finding]:
    """Each count that differs from that of a run without kills."""
    for thing in sorted({*found, *expected}):
        have, want = found.get(thing, 0), expected.get(thing, 0)
        if have != want:
            yield Finding(_kind_of(thing, is_more=have > want), f"{thing}: {have} instead of {want}")


def unanswered(ledger: Ledger, customer_id: str) -> list[str]:
    """Ids of accepted messages without a reply."""
    asked = (
        select(messages.c.message_id)
        .join(turns, turns.c.id == messages.c.turn_id)
        .where(turns.c.principal_id == customer_id, turns.c.reply.is_(None))
    )
    with ledger.transaction() as tx:
        return list(tx.scalars(asked))


def customer_violations(ledger: Ledger, customer_id: str) -> Iterator[Finding]:
    """Invariants violated by one customer's data."""
    for message_id in unanswered(ledger, customer_id):
        yield Finding("lost_messages", f"{message_id} has no reply")
    is_theirs, of_customer = turns.c.principal_id == customer_id, payments.c.customer_id == customer_id
    is_unused = payments.c.delivered_at.is_(None) & (payments.c.status == PaymentStatus.APPROVED)
    with ledger.transaction() as tx:
        open_payments = _count(tx, payments, of_customer & (payments.c.status == PaymentStatus.PENDING))
        unused_payments = _count(tx, payments, of_customer & is_unused)
        open_turns = tx.scalars(select(turns.c.id).where(is_theirs, turns.c.status != TurnStatus.DONE)).all()
        exchanges = tx.execute(
            select(turns.c.thread_id, turns.c.exchange).where(is_theirs).order_by(turns.c.number)
        ).all()
        leased_threads = tx.scalars(
            select(threads.c.id).where(
                threads.c.principal_id == customer_id, threads.c.lease_until.is_not(None)
            )
        ).all()
    yield from _money_violations(ledger, customer_id)
    if open_payments or unused_payments:
        yield Finding("lost_effects", f"{open_payments} payments are open, {unused_payments} bought nothing")
    yield from (Finding("unfinished_turns", f"{turn_id} is not done") for turn_id in open_turns)
    yield from (Finding("unfinished_turns", f"{thread_id} is still leased") for thread_id in leased_threads)
    by_thread: dict[str, list[Message]] = {}
    for row in exchanges:
        by_thread.setdefault(row.thread_id, []).extend(row.exchange or [])
    for thread_id, history in by_thread.items():
        if not _is_whole(history):
            yield Finding("broken_histories", f"{thread_id} cannot be read by a model")


def _money_violations(ledger: Ledger, customer_id: str) -> Iterator[Finding]:
    """Every cent charged is booked, and every cent booked was charged."""
    of_customer = select(memberships.c.id).where(memberships.c.customer_id == customer_id)
    is_paid = (orders.c.customer_id == customer_id) & (orders.c.status == OrderStatus.PAID)
    with ledger.transaction() as tx:
        charged = sum(row.amount_cents for row in tx.execute(_charges(customer_id)))
        booked = (
            _sum(tx, orders.c.total_cents, is_paid)
            + _sum(tx, changes.c.amount_cents, changes.c.membership_id.in_(of_customer))
            + _sum(tx, raffle_purchases.c.amount_cents, raffle_purchases.c.customer_id == customer_id)
        )
    yield from differences({"cents charged": charged}, {"cents charged": booked})


def delivery_violations(ledger: Ledger, warehouse: Warehouse) -> Iterator[Finding]:
    """Events whose row is missing in the warehouse, or there twice."""
    with ledger.transaction() as tx:
        events = tx.execute(select(OUTBOX.c.topic, OUTBOX.c.payload)).all()
        dead_letters = _count(tx, DELIVERIES, DELIVERIES.c.dead_lettered_at.is_not(None))
    if dead_letters:
        yield Finding("lost_events", f"{dead_letters} events are dead letters")
    for topic in sorted({row.topic for row in events} & TABLES.keys()):
        table = TABLES[topic]
        want = Counter(dict.fromkeys((_key(table, row.payload) for row in events if row.topic == topic), 1))
        columns = ", ".join(f'"{name}"' for name in table.key)
        rows = warehouse.query(f"SELECT {columns} FROM {table.name}")  # noqa: S608 - declared names
        have = Counter(_key(table, row) for row in rows)
        yield from (Finding("doubled_events", f"{topic} {each} is there twice") for each in have - want)
        yield from (Finding("lost_events", f"{topic} {each} is missing") for each in want - have)


def _key(table: WarehouseTable, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Timestamps of the warehouse and of events are normalised to UTC."""
    kinds = {each.name: each.type for each in table.fields}
    return tuple(
        str(_moment(row[name])) if kinds[name] is FieldType.TIMESTAMP else str(row[name])
        for name in table.key
    )


def _moment(value: datetime | str) -> datetime:
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def shop_violations(ledger: Ledger) -> Iterator[Finding]:
    """Violations across the shop: charges without a payment, gaps in ticket numbers, wrong stock."""
    yield from _stock_violations(ledger)
    known = select(payments.c.invoice)
    with ledger.transaction() as tx:
        unknown = _count(tx, sandbox_charges, sandbox_charges.c.invoice.not_in(known))
        numbers = list(tx.scalars(select(raffle_tickets.c.number).order_by(raffle_tickets.c.number)))
    if unknown:
        yield Finding("double_effects", f"{unknown} charges belong to no payment")
    if numbers != list(range(1, len(numbers) + 1)):
        yield Finding("lost_effects", "ticket numbers have gaps")


def _stock_violations(ledger: Ledger) -> Iterator[Finding]:
    """Stock against paid orders, and reserved stock against reservations."""
    sold, reserved = "units of {} sold", "units of {} reserved"
    have: EffectCounts = Counter()
    want: EffectCounts = Counter()
    paid = select(orders.c.lines).where(orders.c.status == OrderStatus.PAID)
    with ledger.transaction() as tx:
        for row in tx.execute(select(products.c.id, products.c.quantity, products.c.reserved)):
            have += Counter(
                {sold.format(row.id): INITIAL_STOCK - row.quantity, reserved.format(row.id): row.reserved}
            )
        for line in (line for lines in tx.scalars(paid) for line in lines):
            want[sold.format(line["product_id"])] += line["quantity"]
        for each in tx.execute(select(stock_reservations.c.product_id, stock_reservations.c.quantity)):
            want[reserved.format(each.product_id)] += each.quantity
    yield from differences(have, want)


def _is_whole(history: list[Message]) -> bool:
    asked: Message = {"role": "user", "content": [{"type": "text", "text": "And then?"}]}
    whole = [*history, asked]
    return repaired(whole) == whole and LOST not in str(history)


def _kind_of(thing: str, *, is_more: bool) -> Kind:
    if thing.startswith((EVENT, NOTICE)):
        return "doubled_events" if is_more else "lost_events"
    return "double_effects" if is_more else "lost_effects"


def _count(tx: Connection, table: Table, condition: Any) -> int:  # noqa: ANN401 - an SQL clause
    return int(tx.scalar(select(func.count()).select_from(table).where(condition)) or 0)


def _sum(tx: Connection, column: Column[int], condition: Any) -> int:  # noqa: ANN401 - an SQL clause
    return int(tx.scalar(select(func.sum(column)).where(condition)) or 0)


def _count_by(tx: Connection, column: ColumnElement[str], condition: Any, *, name: str) -> EffectCounts:  # noqa: ANN401 - an SQL clause
    rows = tx.execute(select(column, func.count()).where(condition).group_by(column))
    return Counter({f"{name}{value}": number for value, number in rows})


def _charges(customer_id: str) -> Any:  # noqa: ANN401 - an SQL statement
    """Charges that were approved and not refunded."""
    return (
        select(sandbox_charges.c.transaction_id, sandbox_charges.c.amount_cents)
        .join(payments, payments.c.invoice == sandbox_charges.c.invoice)
        .where(payments.c.customer_id == customer_id, sandbox_charges.c.verdict == "approved")
        .where(sandbox_charges.c.returned.is_(None))
    )
