"""Make the ledger agree with the gateway: unanswered calls, and what was done in the gateway's interface."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from commerce.payments import store
from commerce.payments.charges import ANSWER_TIMEOUT, Charges
from commerce.payments.held import HeldPayments
from commerce.payments.models import (
    Payment,
    PaymentStatus,
    RefundOrigin,
    RefundStatus,
    intended_refund,
)
from commerce.payments.ports import GatewayAnswer, Stage, Transaction, TransactionGateway, Verdict
from commerce.payments.refunds import Refunds
from commerce.payments.writer import PaymentWriter
from foundation.money import Money
from foundation.resilience import one_by_one

UNDELIVERED = timedelta(hours=1)
"""How long money may wait for what it buys before it is returned."""
DECIDED = timedelta(days=3)
"""The same for a held payment that was accepted, since the customer may have to come back."""
BY_HAND = "made at the card processor"


class Reconciliation:
    def __init__(
        self,
        writer: PaymentWriter,
        gateway: TransactionGateway,
        charges: Charges,
        refunds: Refunds,
        held: HeldPayments,
    ) -> None:
        self._writer = writer
        self._ledger = writer.ledger
        self._now = writer.now
        self._gateway = gateway
        self._charges = charges
        self._refunds = refunds
        self._held = held

    def run(self) -> int:
        """Finish what a crash or a silent gateway has left; how many payments and refunds were finished."""
        charges, refunds = self._unfinished(self._now())
        finished = one_by_one(self._finish_charge, charges, failed="not_reconciled")
        return finished + one_by_one(self._refunds.finish, refunds, failed="not_reconciled")

    def observe(self, transaction: Transaction) -> Payment | None:
        """Take over what happened at the gateway itself; None when it is no payment of ours.

        Raises:
            NothingToRefund: while refunds of our own, which the gateway will refuse now, are not answered.
        """
        if transaction.refund_of is not None:
            self._observe_refund(transaction, charge_id=transaction.refund_of)
            return None
        with self._ledger.transaction() as connection:
            payment = store.by_transaction(connection, transaction.transaction_id)
            if payment is None:
                return self._observe_late(transaction)
        match payment.status, transaction.stage:
            case PaymentStatus.HELD, _:
                return self._held.decided_at_gateway(payment, transaction)
            case PaymentStatus.APPROVED, Stage.VOIDED:
                return self._observe_void(payment, transaction)
            case _:
                return payment

    def returned_at_gateway(self, *, since: datetime) -> list[str]:
        """Ids of voids and refunds made at the gateway since then that the ledger lacks."""
        found = self._gateway.undone(since=since)
        with self._ledger.autocommit() as connection:
            return store.not_noted(connection, found)

    def _unfinished(self, now: datetime) -> tuple[Sequence[str], Sequence[str]]:
        """The keys of charges, and of refunds."""
        with self._ledger.transaction() as connection:
            charges = store.unfinished(
                connection,
                opened_before=now - ANSWER_TIMEOUT,
                approved_before=now - UNDELIVERED,
                decided_before=now - DECIDED,
            )
            return charges, store.due_refunds(connection, now)

    def _finish_charge(self, key: str) -> bool:
        with self._ledger.new_transaction() as connection:
            if not store.try_hold_key(connection, key):
                return False
            payment = store.by_key(connection, key)
            match payment:
                case Payment(status=PaymentStatus.PENDING):
                    return self._charges.settle(payment)
                case Payment(status=PaymentStatus.APPROVED, is_delivered=False):
                    self._refunds.refund_undelivered(key, reason="nothing was delivered for it")
                    return True
                case _:
                    return False

    def _observe_late(self, transaction: Transaction) -> Payment | None:
        """A charge without an answer here. When it was given up since, what it took goes back."""
        with self._ledger.transaction() as connection:
            payment = store.by_invoice(connection, transaction.invoice)
            if payment is None or not store.try_hold_key(connection, payment.key):
                return payment
            payment = store.find(connection, payment.id)
            is_given_up = payment.status is PaymentStatus.FAILED and payment.transaction_id is None
            if is_given_up or payment.status is PaymentStatus.PENDING:
                self._charges.record_found(payment, transaction)
            if is_given_up:
                self._refunds.refund_undelivered(payment.key, reason="it was charged too late")
            return store.find(connection, payment.id)

    def _observe_void(self, payment: Payment, transaction: Transaction) -> Payment:
        """All that was left of the charge has gone back; a pending refund of ours finds that out itself."""
        self._take_over(payment, transaction, amount=None, status=RefundStatus.VOIDED)
        with self._ledger.transaction() as connection:
            return store.find(connection, payment.id)

    def _observe_refund(self, refund: Transaction, *, charge_id: str) -> None:
        """One that nobody here has asked for, or one that was undone since."""
        with self._ledger.transaction() as connection:
            payment = store.by_transaction(connection, charge_id)
            known = store.refund_at_gateway(
                connection, transaction_id=refund.transaction_id, invoice=refund.invoice
            )
        is_done = refund.verdict is Verdict.APPROVED
        if known is None and payment is not None and is_done:
            self._take_over(payment, refund, amount=refund.amount, status=RefundStatus.REFUNDED)
        if known is not None and known.status is RefundStatus.REFUNDED and not is_done:
            undone = GatewayAnswer(Verdict.ERROR, refund.transaction_id, refund.response)
            self._writer.record_refund(known, RefundStatus.REFUSED, undone)

    def _take_over(
        self, payment: Payment, transaction: Transaction, *, amount: Money | None, status: RefundStatus
    ) -> None:
        key = f"gateway:{transaction.transaction_id}"
        sealed = self._writer.seal(payment.customer_id, transaction.response, context="refunds.response")
        with self._ledger.transaction() as connection:
            payment = self._writer.lock(payment.id)
            if store.refund_by_key(connection, key) is not None:
                return
            intended = intended_refund(payment, amount, reason=BY_HAND, key=key, at=self._now())
            made = replace(intended, status=status, origin=RefundOrigin.GATEWAY)
            answer = {"transaction_id": transaction.transaction_id, "response_sealed": sealed}
            store.add_refund(connection, made, answered_at=self._now(), **answer)
            refunded = payment.refunded + made.amount
            is_whole = refunded == payment.amount
            after = self._writer.status_when_refunded(payment, status) if is_whole else payment.status
            self._writer.write(payment, status=after, refunded_cents=refunded.cents)
            self._writer.notify_refund(made)
