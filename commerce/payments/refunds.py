"""Refund a payment: a void while the charge is unsettled and whole, a refund afterwards.

The intent reserves its amount on the payment and is committed before the gateway is asked,
so refunds never exceed what was taken, also when two of them race. What the gateway does not
answer, and a part of a charge that is not settled yet, is finished later.
"""

from datetime import timedelta

from commerce.payments import store
from commerce.payments.cards import Cards
from commerce.payments.models import (
    KeyReused,
    NothingToRefund,
    Payment,
    PaymentStatus,
    Refund,
    RefundRefused,
    RefundStatus,
    intended_refund,
)
from commerce.payments.ports import (
    GatewayAnswer,
    GatewaySilent,
    Return,
    Stage,
    Transaction,
    TransactionGateway,
    Verdict,
)
from commerce.payments.writer import PaymentWriter
from foundation.log import logger
from foundation.money import Money

AFTER_SILENCE = timedelta(minutes=1)
BEFORE_SETTLEMENT = timedelta(hours=1)
"""How long until a refund is tried again that the gateway could not take yet."""
log = logger(__name__)


class Refunds:
    def __init__(self, writer: PaymentWriter, gateway: TransactionGateway, cards: Cards) -> None:
        self._writer = writer
        self._ledger = writer.ledger
        self._gateway = gateway
        self._cards = cards

    def refund(self, payment_id: str, *, amount: Money | None = None, reason: str, key: str) -> Refund:
        """Give back the amount, or all that is left of the payment, once for this key.

        It may still be pending: then it is finished without the caller.
        """
        with self._ledger.transaction() as connection:
            store.hold_key(connection, f"refund:{key}")
            refund = store.refund_by_key(connection, key)
            if refund is None:
                refund = self._carry_out(self._reserve(payment_id, amount=amount, reason=reason, key=key))
            elif refund.payment_id != payment_id or amount not in (None, refund.amount):
                raise KeyReused
        if refund.status is RefundStatus.REFUSED:
            raise RefundRefused
        return refund

    def refund_and_notify(
        self, payment_id: str, *, amount: Money | None = None, reason: str, key: str
    ) -> Refund:
        """A refund that the customer did not ask for: they get a notice of it."""
        with self._ledger.transaction():
            refund = self.refund(payment_id, amount=amount, reason=reason, key=key)
            self._writer.notify_refund(refund)
        return refund

    def refund_undelivered(self, key: str, *, reason: str) -> None:
        """Return what was charged for this key and bought nothing. A silent gateway only delays it."""
        with self._ledger.transaction() as connection:
            payment = store.by_key(connection, key)
            if payment is None or payment.is_delivered or payment.status is not PaymentStatus.APPROVED:
                return
            try:
                self.refund(payment.id, reason=reason, key=f"{store.GIVEN_BACK}{payment.id}")
            except (NothingToRefund, RefundRefused) as refusal:
                log.warning("undelivered_not_refunded", payment_id=payment.id, reason=type(refusal).__name__)

    def of_payment(self, payment_id: str) -> list[Refund]:
        with self._ledger.autocommit() as connection:
            return store.refunds_of(connection, payment_id)

    def notify(self, payment_id: str) -> None:
        """Send the customer a notice of each refund of the payment."""
        for refund in self.of_payment(payment_id):
            self._writer.notify_refund(refund)

    def finish(self, key: str) -> bool:
        """Try a pending refund again; whether it is finished now."""
        with self._ledger.new_transaction() as connection:
            if not store.try_hold_key(connection, f"refund:{key}"):
                return False
            refund = store.refund_by_key(connection, key)
            if refund is None or refund.status is not RefundStatus.PENDING:
                return False
            return self._carry_on(refund).status is not RefundStatus.PENDING

    def _reserve(self, payment_id: str, *, amount: Money | None, reason: str, key: str) -> Refund:
        with self._ledger.new_transaction() as connection:
            payment = self._writer.lock(payment_id)
            refund = intended_refund(payment, amount, reason=reason, key=key, at=self._writer.now())
            refunded = payment.refunded + refund.amount
            is_whole = refunded == payment.amount
            status = PaymentStatus.RETURNING if is_whole else payment.status
            store.add_refund(connection, refund)
            self._writer.write(payment, status=status, refunded_cents=refunded.cents)
        return refund

    def _carry_on(self, refund: Refund) -> Refund:
        """Asked before, and perhaps done: look first."""
        try:
            found = self._gateway.find(refund.invoice)
        except GatewaySilent:
            return self._postpone(refund, AFTER_SILENCE)
        if found is not None and found.verdict is Verdict.APPROVED:
            answer = GatewayAnswer(Verdict.APPROVED, found.transaction_id, found.response)
            return self._record(refund, RefundStatus.REFUNDED, answer)
        return self._carry_out(refund)

    def _carry_out(self, refund: Refund) -> Refund:
        with self._ledger.transaction() as connection:
            payment = store.find(connection, refund.payment_id)
        try:
            charged = self._gateway.look_up(str(payment.transaction_id))
            return self._give(refund, payment, charged)
        except GatewaySilent:
            return self._postpone(refund, AFTER_SILENCE)

    def _give(self, refund: Refund, payment: Payment, charged: Transaction | None) -> Refund:
        stage = charged.stage if charged else Stage.FAILED
        if stage is Stage.VOIDED:
            return self._record(refund, RefundStatus.VOIDED, GatewayAnswer(Verdict.APPROVED))
        if stage is Stage.UNSETTLED and refund.amount == payment.amount:
            answer = self._gateway.void(str(payment.transaction_id))
            if answer.verdict is Verdict.APPROVED:
                return self._record(refund, RefundStatus.VOIDED, answer)
        if stage is Stage.UNSETTLED:
            return self._postpone(refund, BEFORE_SETTLEMENT)
        if stage is not Stage.SETTLED:
            return self._record(refund, RefundStatus.REFUSED, GatewayAnswer(Verdict.ERROR))
        card = self._cards.find(payment.card_id)
        answer = self._gateway.refund(
            Return(str(payment.transaction_id), refund.amount, refund.invoice, card.last_four)
        )
        is_done = answer.verdict is Verdict.APPROVED
        return self._record(refund, RefundStatus.REFUNDED if is_done else RefundStatus.REFUSED, answer)

    def _record(self, refund: Refund, status: RefundStatus, answer: GatewayAnswer) -> Refund:
        with self._ledger.new_transaction():
            return self._writer.record_refund(refund, status, answer)

    def _postpone(self, refund: Refund, wait: timedelta) -> Refund:
        with self._ledger.new_transaction() as connection:
            return store.change_refund(connection, refund.id, due_at=self._writer.now() + wait)
