"""Charges and refunds of the sandbox gateway; what is charged settles after a day."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.payments.ports import (
    DUPLICATE_WINDOW,
    Charge,
    GatewayAnswer,
    GatewaySilent,
    Return,
    Stage,
    Transaction,
    Verdict,
)
from commerce.payments.sandbox_plans import kind_of, verdict_on
from commerce.payments.sandbox_store import (
    refunded_cents,
    sandbox_charges,
    sandbox_refunds,
)
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.money import Money
from foundation.sql import Ledger

STAGES = {Verdict.DECLINED: Stage.DECLINED, Verdict.ERROR: Stage.FAILED, Verdict.HELD: Stage.HELD}
SETTLED_AFTER = DUPLICATE_WINDOW * 3


class SandboxTransactions:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

    def charge(self, charge: Charge) -> GatewayAnswer:
        with self._ledger.new_transaction() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(charge.invoice, 1))))
            row = self._duplicate(connection, charge) or self._charge(connection, charge)
        if kind_of(charge.token) == "tok_timeout":
            raise GatewaySilent
        return GatewayAnswer(Verdict(row["verdict"]), row["transaction_id"], _response(row))

    def find(self, invoice: str) -> Transaction | None:
        charged = select(sandbox_charges).where(sandbox_charges.c.invoice == invoice)
        refunded = select(sandbox_refunds).where(sandbox_refunds.c.invoice == invoice)
        return self._known(charged.order_by(sandbox_charges.c.charged_at.desc()), refunded)

    def look_up(self, transaction_id: str) -> Transaction | None:
        charged = select(sandbox_charges).where(sandbox_charges.c.transaction_id == transaction_id)
        refunded = select(sandbox_refunds).where(sandbox_refunds.c.transaction_id == transaction_id)
        return self._known(charged, refunded)

    def void(self, transaction_id: str) -> GatewayAnswer:
        with self._ledger.new_transaction() as connection:
            row = self._locked_row(connection, transaction_id)
            if row is None or self._transaction(row).stage not in {Stage.UNSETTLED, Stage.VOIDED}:
                return _refused(transaction_id, "cannot void")
            self._mark(connection, transaction_id, returned="void")
        return GatewayAnswer(Verdict.APPROVED, transaction_id, {"returned": "void"})

    def refund(self, refund: Return) -> GatewayAnswer:
        """Under the same invoice it is made once."""
        with self._ledger.new_transaction() as connection:
            row = self._locked_row(connection, refund.transaction_id)
            if row is None or self._transaction(row).stage is not Stage.SETTLED:
                return _refused(refund.transaction_id, "cannot refund")
            before = refunded_cents(connection, refund.transaction_id)
            if before + refund.amount.cents > row["amount_cents"]:
                return _refused(refund.transaction_id, "more than was charged")
            made = {
                "transaction_id": new_id("txn"),
                "charge_id": refund.transaction_id,
                "invoice": refund.invoice,
                "amount_cents": refund.amount.cents,
                "refunded_at": self._now(),
            }
            connection.execute(insert(sandbox_refunds).values(made))
            if before + refund.amount.cents == row["amount_cents"]:
                self._mark(connection, refund.transaction_id, returned="refund")
        return GatewayAnswer(Verdict.APPROVED, str(made["transaction_id"]), {"returned": "refund"})

    def undone(self, *, since: datetime) -> list[str]:
        """A charge is voided within a day of being made, so its own time is near enough."""
        charges, refunds = sandbox_charges.c, sandbox_refunds.c
        voided = select(charges.transaction_id).where(
            charges.returned == "void", charges.charged_at > since - SETTLED_AFTER
        )
        refunded = select(refunds.transaction_id).where(refunds.refunded_at > since)
        with self._ledger.new_transaction() as connection:
            return [*connection.execute(voided).scalars(), *connection.execute(refunded).scalars()]

    def decide_held(self, transaction_id: str, *, accept: bool) -> GatewayAnswer:
        decided = Verdict.APPROVED if accept else Verdict.DECLINED
        with self._ledger.new_transaction() as connection:
            row = self._locked_row(connection, transaction_id)
            if row is None or row["verdict"] not in {Verdict.HELD, decided}:
                return _refused(transaction_id, "is not held")
            self._mark(connection, transaction_id, verdict=decided)
        return GatewayAnswer(Verdict.APPROVED, transaction_id, {"decided": decided})

    def _known(self, charged: Select[Any], refunded: Select[Any]) -> Transaction | None:
        with self._ledger.new_transaction() as connection:
            row = connection.execute(charged).mappings().first()
            if row is not None:
                return self._transaction(row)
            refund = connection.execute(refunded).mappings().first()
        return _refund(refund) if refund else None

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
            "verdict": verdict_on(charge.token),
            "charged_at": self._now(),
        }
        made = insert(sandbox_charges).values(row).returning(sandbox_charges)
        return connection.execute(made).mappings().one()

    def _locked_row(self, connection: Connection, transaction_id: str) -> RowMapping | None:
        wanted = select(sandbox_charges).where(sandbox_charges.c.transaction_id == transaction_id)
        return connection.execute(wanted.with_for_update()).mappings().first()

    def _mark(self, connection: Connection, transaction_id: str, **values: object) -> None:
        mine = update(sandbox_charges).where(sandbox_charges.c.transaction_id == transaction_id)
        connection.execute(mine.values(values))

    def _transaction(self, row: RowMapping) -> Transaction:
        return Transaction(
            row["transaction_id"],
            self._stage(row),
            Money(row["amount_cents"], row["currency"]),
            row["charged_at"],
            row["subscription_id"],
            _response(row),
            row["invoice"],
        )

    def _stage(self, row: RowMapping) -> Stage:
        if row["returned"] == "void":
            return Stage.VOIDED
        is_settled = self._now() - row["charged_at"] >= SETTLED_AFTER
        return STAGES.get(Verdict(row["verdict"]), Stage.SETTLED if is_settled else Stage.UNSETTLED)


def _response(row: RowMapping) -> dict[str, Any]:
    return {"transId": row["transaction_id"], "verdict": row["verdict"], "amount_cents": row["amount_cents"]}


def _refund(row: RowMapping) -> Transaction:
    return Transaction(
        row["transaction_id"],
        Stage.SETTLED,
        Money(row["amount_cents"]),
        row["refunded_at"],
        response={"transId": row["transaction_id"], "refTransId": row["charge_id"]},
        invoice=row["invoice"],
        refund_of=row["charge_id"],
    )


def _refused(transaction_id: str, why: str) -> GatewayAnswer:
    return GatewayAnswer(Verdict.ERROR, transaction_id, {"errors": [why]})
