"""The three books of the shop's money, and what must hold of a member's when all has come to its end."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from commerce.memberships.store import changes, memberships, periods
from commerce.payments.models import TAKEN, PaymentStatus
from commerce.payments.store import payments
from foundation.sql import Ledger
from foundation.warehouse.base import Warehouse

UNFINISHED = (PaymentStatus.PENDING, PaymentStatus.RETURNING, PaymentStatus.HELD)
NET_IN_WAREHOUSE = """
SELECT id, status, amount_cents, refunded_cents FROM commerce.payments
"""
MEMBERSHIPS_IN_WAREHOUSE = "SELECT id, status, tier, price_cents FROM commerce.memberships"


def kept_cents(ledger: Ledger, customer_id: str) -> int:
    """What the shop has taken from the customer and not given back."""
    is_kept = payments.c.status.in_(TAKEN - {PaymentStatus.VOIDED})
    kept = _total(payments.c.amount_cents - payments.c.refunded_cents)
    with ledger.transaction() as connection:
        wanted = select(kept).where(payments.c.customer_id == customer_id, is_kept)
        return int(connection.execute(wanted).scalar_one())


def faults(ledger: Ledger, customer_id: str) -> Iterator[str]:
    """What is wrong in the ledger with a member to whom everything has happened."""
    with ledger.transaction() as connection:

        def number(wanted: Any) -> int:  # noqa: ANN401 - any SELECT of one number
            return int(connection.execute(wanted).scalar_one())

        booked, delivered = number(_booked(customer_id)), number(_delivered(customer_id))
        if booked != delivered:
            yield f"{booked} cents were booked and {delivered} delivered"
        for complaint, wanted in _complaints(customer_id).items():
            if number(wanted):
                yield complaint


def _complaints(customer_id: str) -> Mapping[str, Any]:
    """What must not be, and the SELECT that counts it."""
    mine = memberships.c.customer_id == customer_id
    paid = payments.c.customer_id == customer_id
    lived = periods.join(memberships, periods.c.membership_id == memberships.c.id)
    kept_for_nothing = (
        payments.c.delivered_at.is_(None)
        & payments.c.status.in_(TAKEN)
        & (payments.c.amount_cents > payments.c.refunded_cents)
    )
    unpaid = or_(periods.c.payment_id.is_(None), periods.c.amount_cents <= 0)
    count = select(func.count())
    return {
        "a membership has not ended": count.where(mine, memberships.c.ended_at.is_(None)),
        "a payment is not finished": count.where(paid, payments.c.status.in_(UNFINISHED)),
        "money was kept that bought nothing": count.where(paid, kept_for_nothing),
        "a period was not paid": count.select_from(lived).where(mine, unpaid),
        "a period begins before the one before it has ended": _overlapping(mine, lived),
    }


def _booked(customer_id: str) -> Any:  # noqa: ANN401 - a SELECT
    theirs = changes.join(memberships, changes.c.membership_id == memberships.c.id)
    wanted = select(_total(changes.c.amount_cents)).select_from(theirs)
    return wanted.where(memberships.c.customer_id == customer_id)


def _delivered(customer_id: str) -> Any:  # noqa: ANN401 - a SELECT
    is_bought = payments.c.delivered_at.is_not(None) & payments.c.status.in_(TAKEN)
    return select(_total(payments.c.amount_cents)).where(payments.c.customer_id == customer_id, is_bought)


def in_warehouse(ledger: Ledger, warehouse: Warehouse) -> Iterator[str]:
    """Where the ledger and the warehouse differ, row by row."""
    held = payments.c
    wanted = select(held.id, held.status, held.amount_cents, held.refunded_cents)
    yield from _compared("payment", ledger, wanted, warehouse.query(NET_IN_WAREHOUSE))
    of = memberships.c
    wanted = select(of.id, of.status, of.tier, of.price_cents)
    yield from _compared("membership", ledger, wanted, warehouse.query(MEMBERSHIPS_IN_WAREHOUSE))


def _compared(what: str, ledger: Ledger, wanted: Any, copied: list[dict[str, Any]]) -> Iterator[str]:  # noqa: ANN401
    with ledger.transaction() as connection:
        true = {row["id"]: dict(row) for row in connection.execute(wanted).mappings()}
    copies: Mapping[str, dict[str, Any]] = {row["id"]: row for row in copied}
    for key in true.keys() | copies.keys():
        if true.get(key) != copies.get(key):
            yield f"{what} {key}: {true.get(key)} in the ledger, {copies.get(key)} in the warehouse"


def _overlapping(mine: ColumnElement[bool], lived: Any) -> Any:  # noqa: ANN401 - parts of a SELECT
    before = func.lag(periods.c.ends_at).over(partition_by=periods.c.membership_id, order_by=periods.c.number)
    pairs = select(periods.c.starts_at, before.label("before")).select_from(lived).where(mine).subquery()
    return select(func.count()).where(pairs.c.starts_at < pairs.c.before)


def _total(cents: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cents), 0)
