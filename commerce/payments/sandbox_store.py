"""Tables of the sandbox gateway: charges, refunds and monthly plans."""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    func,
    select,
)

from commerce.payments.models import INVOICE_LENGTH
from commerce.payments.ports import PlanStatus
from foundation.personal import Kept, personal
from foundation.sql import metadata

GATEWAYS_OWN = personal(lambda _table, _customer_id: false(), kept=Kept("the gateway's own books"))
"""A real gateway keeps these, and names customers by the tokens of their cards."""

sandbox_charges = Table(
    "sandbox_charges",
    metadata,
    Column("transaction_id", Text, primary_key=True),
    Column("invoice", String(INVOICE_LENGTH), nullable=False, index=True),
    Column("token", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("description", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("charged_at", DateTime(timezone=True), nullable=False),
    Column("returned", Text, comment="void or refund"),
    Column("subscription_id", Text, index=True),
    info=GATEWAYS_OWN,
)

sandbox_refunds = Table(
    "sandbox_refunds",
    metadata,
    Column("transaction_id", Text, primary_key=True),
    Column("charge_id", Text, nullable=False, index=True),
    Column("invoice", String(INVOICE_LENGTH), nullable=False, unique=True),
    Column("amount_cents", BigInteger, nullable=False),
    Column("refunded_at", DateTime(timezone=True), nullable=False),
    info=GATEWAYS_OWN,
)

sandbox_plans = Table(
    "sandbox_plans",
    metadata,
    Column("subscription_id", Text, primary_key=True),
    Column("invoice", String(INVOICE_LENGTH), nullable=False, unique=True),
    Column("token", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("billed", Integer, nullable=False, server_default="0"),
    Column("status", Text, nullable=False),
    info=GATEWAYS_OWN,
)
Index(
    "ix_sandbox_plans_due",
    sandbox_plans.c.next_at,
    postgresql_where=sandbox_plans.c.status == PlanStatus.ACTIVE,
)


def refunded_cents(connection: Connection, charge_id: str) -> int:
    total = func.coalesce(func.sum(sandbox_refunds.c.amount_cents), 0)
    wanted = select(total).where(sandbox_refunds.c.charge_id == charge_id)
    return int(connection.execute(wanted).scalar_one())
