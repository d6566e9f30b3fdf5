"""Writes payments and refunds: the changed row, its sealed response and its event, in one transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commerce.payments import store
from commerce.payments.events import PaymentRow, RefundNotice
from commerce.payments.models import Payment, PaymentNotFound, PaymentStatus, Refund, RefundStatus
from commerce.payments.ports import GatewayAnswer
from foundation.clock import Clock
from foundation.crypto import DataKeys
from foundation.log import logger
from foundation.outbox import Outbox
from foundation.sql import Ledger

log = logger(__name__)


@dataclass(frozen=True)
class PaymentWriter:
    ledger: Ledger
    keys: DataKeys
    outbox: Outbox
    now: Clock

    def commit(self, payment: Payment, **values: object) -> Payment:
        """Commit the values in a transaction of their own.

        Nothing is written if the status has changed meanwhile; the payment as it is then.
        """
        with self.ledger.new_transaction():
            return self.write(payment, **values)

    def write(self, payment: Payment, **values: object) -> Payment:
        """The same as a part of the transaction that is open."""
        with self.ledger.transaction() as connection:
            changed = store.change(connection, payment, **values)
            self.publish(changed)
        return changed

    def publish(self, payment: Payment) -> None:
        """Publish the payment's current state, for the warehouse."""
        self.outbox.publish(payment_row(payment, at=self.now()), customer_id=payment.customer_id)

    def seal(self, customer_id: str, response: Mapping[str, Any], *, context: str) -> str:
        """Encrypt what the gateway answered with the customer's data key."""
        return self.keys.seal(customer_id, json.dumps(dict(response), sort_keys=True), context=context)

    def lock(self, payment_id: str) -> Payment:
        """Until the caller's transaction ends, nobody else changes the payment."""
        with self.ledger.transaction() as connection:
            payment = store.locked(connection, payment_id)
        if payment is None:
            raise PaymentNotFound
        return payment

    def record_refund(self, refund: Refund, status: RefundStatus, answer: GatewayAnswer) -> Refund:
        """Write the gateway's answer, and what it makes of the payment."""
        sealed = self.seal(refund.customer_id, answer.response, context="refunds.response")
        with self.ledger.transaction() as connection:
            payment = self.lock(refund.payment_id)
            done = store.change_refund(
                connection,
                refund.id,
                status=status,
                transaction_id=answer.transaction_id,
                response_sealed=sealed,
                answered_at=self.now(),
            )
            self.write(payment, **self._after_refund(payment, done))
        if status is RefundStatus.REFUSED:
            log.error("refund_refused", payment_id=payment.id, refund_id=refund.id)
        return done

    def status_when_refunded(self, payment: Payment, last: RefundStatus) -> PaymentStatus:
        """The status of a payment of which nothing is left, given its last refund."""
        with self.ledger.transaction() as connection:
            is_waiting = store.has_pending_refund(connection, payment.id)
        return PaymentStatus.RETURNING if is_waiting else PaymentStatus(last)

    def notify_refund(self, refund: Refund) -> None:
        with self.ledger.transaction() as connection:
            payment = store.find(connection, refund.payment_id)
        notice = RefundNotice(
            about=payment.id, amount_cents=refund.amount.cents, description=payment.description
        )
        event_id = f"ntc_refund_{refund.id}"
        self.outbox.publish(notice, customer_id=refund.customer_id, event_id=event_id)

    def _after_refund(self, payment: Payment, refund: Refund) -> dict[str, object]:
        if refund.status is RefundStatus.REFUSED:
            left = payment.refunded - refund.amount
            return {"status": PaymentStatus.APPROVED, "refunded_cents": left.cents}
        if payment.status is PaymentStatus.RETURNING:
            return {"status": self.status_when_refunded(payment, refund.status)}
        return {"status": payment.status}


def payment_row(payment: Payment, *, at: datetime) -> PaymentRow:
    return PaymentRow(
        id=payment.id,
        customer_id=payment.customer_id,
        invoice=payment.invoice,
        description=payment.description,
        status=payment.status,
        currency=payment.amount.currency,
        amount_cents=payment.amount.cents,
        refunded_cents=payment.refunded.cents,
        created_at=payment.created_at,
        updated_at=at,
    )
