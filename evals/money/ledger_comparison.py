"""Compare ledger, gateway and warehouse, and check the ledger of a member whose membership has ended."""

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
    """Charged to the customer and not refunded."""
    is_kept = payments.c.status.in_(TAKEN - {PaymentStatus.VOIDED})
    kept = _total(payments.c.amount_cents - payments.c.refunded_cents)
    with ledger.transaction() as connection:
        wanted = select(kept).where(payments.c.customer_id == customer_id, is_kept)
        return int(connection.execute(wanted).scalar_one())


def ledger_violations(ledger: Ledger, customer_id: str) -> Iterator[str]:
    """Rules that the ledger of a former member violates."""
    with ledger.transaction() as connection:

        def count(wanted: Any) -> int:  # noqa: ANN401 - any SELECT of one number
            return int(connection.execute(wanted).scalar_one())

        booked, delivered = count(_booked(customer_id)), count(_delivered(customer_id))
        if booked != delivered:
            yield f"{booked} cents were booked and {delivered} delivered"
        for violation, wanted in _violation_counts(customer_id).items():
            if count(wanted):
                yield violation


def _violation_counts(customer_id: str) -> Mapping[str, Any]:
    """Each violation with the SELECT that counts it."""
    of_customer = memberships.c.customer_id == customer_id
    is_theirs = payments.c.customer_id == customer_id
    membership_periods = periods.join(memberships, periods.c.membership_id == memberships.c.id)
    kept_for_nothing = (
        payments.c.delivered_at.is_(None)
        & payments.c.status.in_(TAKEN)
        & (payments.c.amount_cents > payments.c.refunded_cents)
    )
    unpaid = or_(periods.c.payment_id.is_(None), periods.c.amount_cents <= 0)
    count = select(func.count())
    return {
        "a membership has not ended": count.where(of_customer, memberships.c.ended_at.is_(None)),
        "a payment is not finished": count.where(is_theirs, payments.c.status.in_(UNFINISHED)),
        "a payment was kept that bought nothing": count.where(is_theirs, kept_for_nothing),
        "a period was not paid": count.select_from(membership_periods).where(of_customer, unpaid),
        "a period begins before its predecessor has ended": _overlapping(of_customer, membership_periods),
    }


def _booked(customer_id: str) -> Any:  # noqa: ANN401 - a SELECT
    customer_changes = changes.join(memberships, changes.c.membership_id == memberships.c.id)
    wanted = select(_total(changes.c.amount_cents)).select_from(customer_changes)
    return wanted.where(memberships.c.customer_id == customer_id)


def _delivered(customer_id: str) -> Any:  # noqa: ANN401 - a SELECT
    is_bought = payments.c.delivered_at.is_not(None) & payments.c.status.in_(TAKEN)
    return select(_total(payments.c.amount_cents)).where(payments.c.customer_id == customer_id, is_bought)


def warehouse_differences(ledger: Ledger, warehouse: Warehouse) -> Iterator[str]:
    """Rows that differ between ledger and warehouse."""
    held = payments.c
    wanted = select(held.id, held.status, held.amount_cents, held.refunded_cents)
    yield from _row_differences("payment", ledger, wanted, warehouse.query(NET_IN_WAREHOUSE))
    of = memberships.c
    wanted = select(of.id, of.status, of.tier, of.price_cents)
    yield from _row_differences("membership", ledger, wanted, warehouse.query(MEMBERSHIPS_IN_WAREHOUSE))


def _row_differences(kind: str, ledger: Ledger, wanted: Any, copied: list[dict[str, Any]]) -> Iterator[str]:  # noqa: ANN401
    with ledger.transaction() as connection:
        in_ledger = {row["id"]: dict(row) for row in connection.execute(wanted).mappings()}
    in_copy: Mapping[str, dict[str, Any]] = {row["id"]: row for row in copied}
    for key in in_ledger.keys() | in_copy.keys():
        if in_ledger.get(key) != in_copy.get(key):
            yield f"{kind} {key}: ledger {in_ledger.get(key)}, warehouse {in_copy.get(key)}"


def _overlapping(of_customer: ColumnElement[bool], membership_periods: Any) -> Any:  # noqa: ANN401 - parts of a SELECT
    before = func.lag(periods.c.ends_at).over(partition_by=periods.c.membership_id, order_by=periods.c.number)
    pairs = (
        select(periods.c.starts_at, before.label("before"))
        .select_from(membership_periods)
        .where(of_customer)
        .subquery()
    )
    return select(func.count()).where(pairs.c.starts_at < pairs.c.before)


def _total(cents: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cents), 0)
