"""A card gateway for the demo shop and the tests: what a card does is written in its token.

It keeps its own book and commits to it separately, as a remote system would, so that
a test can count what was really charged.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    RowMapping,
    String,
    Table,
    Text,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from commerce.payments.models import INVOICE_LENGTH
from commerce.payments.ports import (
    DUPLICATE_WINDOW,
    Charge,
    GatewayAnswer,
    GatewaySilent,
    StoredCard,
    Verdict,
)
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.money import Money
from foundation.sql import Ledger, metadata

CARDS = {
    "tok_approve": ("Visa", "1111"),
    "tok_decline": ("Visa", "0002"),
    "tok_error": ("Mastercard", "0119"),
    "tok_hold": ("Amex", "0005"),
    "tok_timeout": ("Discover", "1117"),
}
"""`tok_timeout` is charged, but its answer is lost."""
VERDICTS = {
    "tok_decline": Verdict.DECLINED,
    "tok_error": Verdict.ERROR,
    "tok_hold": Verdict.HELD,
}
SETTLED_AFTER = DUPLICATE_WINDOW * 3

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
)


class SandboxGateway:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

    def store_card(self, customer_id: str, nonce: str) -> StoredCard | None:  # noqa: ARG002 - part of the port
        """`tok_approve` or `tok_approve.anything`: what follows the dot makes a nonce unique."""
        token = nonce.partition(".")[0]
        return StoredCard(token, *CARDS[token]) if token in CARDS else None

    def charge(self, charge: Charge) -> GatewayAnswer:
        with self._ledger.separately() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(charge.invoice, 1))))
            row = self._duplicate(connection, charge) or self._charge(connection, charge)
        if charge.token == "tok_timeout":  # noqa: S105 - the name of a test card
            raise GatewaySilent
        return _answer(row)

    def find(self, invoice: str) -> GatewayAnswer | None:
        wanted = select(sandbox_charges).where(sandbox_charges.c.invoice == invoice)
        latest = wanted.order_by(sandbox_charges.c.charged_at.desc())
        with self._ledger.separately() as connection:
            row = connection.execute(latest).mappings().first()
        return _answer(row) if row else None

    def void(self, transaction_id: str) -> GatewayAnswer:
        return self._take_back(transaction_id, "void")

    def refund(self, transaction_id: str, amount: Money) -> GatewayAnswer:  # noqa: ARG002 - whole amounts only
        return self._take_back(transaction_id, "refund")

    def _duplicate(self, connection: Connection, charge: Charge) -> RowMapping | None:
        same = select(sandbox_charges).where(
            sandbox_charges.c.invoice == charge.invoice,
            sandbox_charges.c.token == charge.token,
            sandbox_charges.c.amount_cents == charge.amount.cents,
            sandbox_charges.c.charged_at > self._now() - DUPLICATE_WINDOW,
        )
        return connection.execute(same).mappings().first()

    def _charge(self, connection: Connection, charge: Charge) -> RowMapping:
        row: dict[str, Any] = {
            "transaction_id": new_id("txn"),
            "invoice": charge.invoice,
            "token": charge.token,
            "amount_cents": charge.amount.cents,
            "currency": charge.amount.currency,
            "description": charge.description,
            "verdict": VERDICTS.get(charge.token, Verdict.APPROVED),
            "charged_at": self._now(),
        }
        return (
            connection.execute(insert(sandbox_charges).values(row).returning(sandbox_charges))
            .mappings()
            .one()
        )

    def _take_back(self, transaction_id: str, kind: str) -> GatewayAnswer:
        with self._ledger.separately() as connection:
            wanted = select(sandbox_charges).where(sandbox_charges.c.transaction_id == transaction_id)
            row = connection.execute(wanted.with_for_update()).mappings().first()
            if row is None or not self._may_take_back(row, kind):
                return GatewayAnswer(Verdict.ERROR, transaction_id, {"errors": [f"cannot {kind}"]})
            mark = update(sandbox_charges).where(sandbox_charges.c.transaction_id == transaction_id)
            connection.execute(mark.values(returned=kind))
        return GatewayAnswer(Verdict.APPROVED, transaction_id, {"returned": kind})

    def _may_take_back(self, row: RowMapping, kind: str) -> bool:
        if row["returned"] is not None:
            return bool(row["returned"] == kind)
        is_settled = self._now() - row["charged_at"] >= SETTLED_AFTER
        is_approved = Verdict(row["verdict"]) is Verdict.APPROVED
        return is_approved and is_settled == (kind == "refund")


def _answer(row: RowMapping) -> GatewayAnswer:
    told = {"transId": row["transaction_id"], "verdict": row["verdict"], "amount_cents": row["amount_cents"]}
    return GatewayAnswer(Verdict(row["verdict"]), row["transaction_id"], told)
