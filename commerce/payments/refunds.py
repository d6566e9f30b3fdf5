"""Give money back: a void while the charge is unsettled and whole, a refund afterwards.

The intent reserves its amount on the payment and is committed before the gateway is asked,
so what is given back never exceeds what was taken, also when two refunds race. What the
gateway does not answer, and a part of a charge that is not settled yet, waits and is finished later.
What is given back by hand in the gateway's own interface is taken over once the gateway tells of it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from commerce.payments import store
from commerce.payments.models import (
    INVOICE_LENGTH,
    KeyReused,
    NothingToPay,
    NothingToRefund,
    Payment,
    PaymentNotFound,
    PaymentStatus,
    Refund,
    RefundOrigin,
    RefundRefused,
    RefundStatus,
)
from commerce.payments.ports import GatewayAnswer, GatewaySilent, Return, Stage, Transaction, Verdict
from commerce.payments.writer import Till
from foundation.errors import GatewayTimeout, ShopError
from foundation.ids import new_id
from foundation.log import logger
from foundation.money import Money

AFTER_SILENCE = timedelta(minutes=1)
BEFORE_SETTLEMENT = timedelta(hours=1)
"""How long until a refund is tried again that the gateway could not take yet."""
BY_HAND = "made at the card processor"
log = logger(__name__)


class Returning(Till):
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

    def make_good(self, payment_id: str, *, amount: Money | None = None, reason: str, key: str) -> Refund:
        """A refund that staff decide on: the customer is told of it."""
        with self._ledger.transaction():
            refund = self.refund(payment_id, amount=amount, reason=reason, key=key)
            self._tell_customer(refund)
        return refund

    def give_back(self, key: str, *, reason: str) -> None:
        """Return what was charged for this key and bought nothing. A silent gateway only delays it."""
        with self._ledger.transaction() as connection:
            payment = store.by_key(connection, key)
            if payment is None or payment.is_delivered or payment.status is not PaymentStatus.APPROVED:
                return
            try:
                self.refund(payment.id, reason=reason, key=f"{store.GIVEN_BACK}{payment.id}")
            except (NothingToRefund, RefundRefused) as refusal:
                log.warning("nothing_given_back", payment_id=payment.id, reason=type(refusal).__name__)

    def finish_held(self, payment_id: str, book: Callable[[], object]) -> None:
        """Book what a held payment was for, now that it is let through, or give it back and say so."""
        try:
            book()
        except GatewayTimeout:
            raise
        except ShopError as refusal:
            log.info("held_payment_given_back", payment_id=payment_id, refusal=type(refusal).__name__)
            with self._ledger.transaction() as connection:
                key = store.find(connection, payment_id).key
            self.give_back(key, reason=str(refusal))
            for refund in self.refunds(payment_id):
                self._tell_customer(refund)

    def refunds(self, payment_id: str) -> list[Refund]:
        with self._ledger.at_once() as connection:
            return store.refunds_of(connection, payment_id)

    def undone(self, *, since: datetime) -> list[str]:
        """What has been given back at the gateway since then, and nobody here knows of."""
        found = self._gateway.undone(since=since)
        with self._ledger.at_once() as connection:
            return store.not_noted(connection, found)

    def _note_void(self, payment: Payment, transaction: Transaction) -> Payment:
        """All that was left of the charge has gone back; what was on its way finds that out by itself."""
        self._take_over(payment, transaction, amount=None, status=RefundStatus.VOIDED)
        with self._ledger.transaction() as connection:
            return store.find(connection, payment.id)

    def _note_refund(self, refund: Transaction) -> None:
        """One that nobody here has asked for, or one that was undone since.

        Raises:
            NothingToRefund: while refunds of our own, which the gateway will refuse now, are not answered.
        """
        with self._ledger.transaction() as connection:
            payment = store.by_transaction(connection, str(refund.refund_of))
            known = store.refund_at_gateway(
                connection, transaction_id=refund.transaction_id, invoice=refund.invoice
            )
        is_done = refund.verdict is Verdict.APPROVED
        if known is None and payment is not None and is_done:
            self._take_over(payment, refund, amount=refund.amount, status=RefundStatus.REFUNDED)
        if known is not None and known.status is RefundStatus.REFUNDED and not is_done:
            undone = GatewayAnswer(Verdict.ERROR, refund.transaction_id, refund.response)
            self._note_answer(known, RefundStatus.REFUSED, undone)

    def _take_over(
        self, payment: Payment, transaction: Transaction, *, amount: Money | None, status: RefundStatus
    ) -> None:
        key = f"gateway:{transaction.transaction_id}"
        sealed = self._seal(payment.customer_id, transaction.response, context="refunds.response")
        with self._ledger.transaction() as connection:
            payment = self._locked(payment.id)
            if store.refund_by_key(connection, key) is not None:
                return
            intended = _intended(payment, amount, reason=BY_HAND, key=key, at=self._now())
            made = replace(intended, status=status, origin=RefundOrigin.GATEWAY)
            answer = {"transaction_id": transaction.transaction_id, "response_sealed": sealed}
            store.add_refund(connection, made, answered_at=self._now(), **answer)
            refunded = payment.refunded + made.amount
            whole = self._returned(payment, status) if refunded == payment.amount else payment.status
            self._write(payment, status=whole, refunded_cents=refunded.cents)
            self._tell_customer(made)

    def _tell_customer(self, refund: Refund) -> None:
        with self._ledger.transaction() as connection:
            payment = store.find(connection, refund.payment_id)
        notice = {
            "template": "refund",
            "about": payment.id,
            "amount_cents": refund.amount.cents,
            "description": payment.description,
        }
        event_id = f"ntc_refund_{refund.id}"
        self._outbox.append("notices", notice, customer_id=refund.customer_id, event_id=event_id)

    def _returned(self, payment: Payment, last: RefundStatus) -> PaymentStatus:
        """What a payment is of which nothing is left, while or after its last refund is answered."""
        with self._ledger.transaction() as connection:
            is_waiting = store.has_pending_refund(connection, payment.id)
        return PaymentStatus.RETURNING if is_waiting else PaymentStatus(last)

    def _finish_refund(self, key: str) -> bool:
        with self._ledger.separately() as connection:
            if not store.try_hold_key(connection, f"refund:{key}"):
                return False
            refund = store.refund_by_key(connection, key)
            if refund is None or refund.status is not RefundStatus.PENDING:
                return False
            return self._carry_on(refund).status is not RefundStatus.PENDING

    def _reserve(self, payment_id: str, *, amount: Money | None, reason: str, key: str) -> Refund:
        with self._ledger.separately() as connection:
            payment = self._locked(payment_id)
            refund = _intended(payment, amount, reason=reason, key=key, at=self._now())
            refunded = payment.refunded + refund.amount
            is_whole = refunded == payment.amount
            status = PaymentStatus.RETURNING if is_whole else payment.status
            store.add_refund(connection, refund)
            self._write(payment, status=status, refunded_cents=refunded.cents)
        return refund

    def _carry_on(self, refund: Refund) -> Refund:
        """Asked before, and perhaps done: look first."""
        try:
            found = self._gateway.find(refund.invoice)
        except GatewaySilent:
            return self._wait(refund, AFTER_SILENCE)
        if found is not None and found.verdict is Verdict.APPROVED:
            answer = GatewayAnswer(Verdict.APPROVED, found.transaction_id, found.response)
            return self._answered(refund, RefundStatus.REFUNDED, answer)
        return self._carry_out(refund)

    def _carry_out(self, refund: Refund) -> Refund:
        with self._ledger.transaction() as connection:
            payment = store.find(connection, refund.payment_id)
        try:
            charged = self._gateway.look_up(str(payment.transaction_id))
            return self._give(refund, payment, charged)
        except GatewaySilent:
            return self._wait(refund, AFTER_SILENCE)

    def _give(self, refund: Refund, payment: Payment, charged: Transaction | None) -> Refund:
        stage = charged.stage if charged else Stage.FAILED
        if stage is Stage.VOIDED:
            return self._answered(refund, RefundStatus.VOIDED, GatewayAnswer(Verdict.APPROVED))
        if stage is Stage.UNSETTLED and refund.amount == payment.amount:
            answer = self._gateway.void(str(payment.transaction_id))
            if answer.verdict is Verdict.APPROVED:
                return self._answered(refund, RefundStatus.VOIDED, answer)
        if stage is Stage.UNSETTLED:
            return self._wait(refund, BEFORE_SETTLEMENT)
        if stage is not Stage.SETTLED:
            return self._answered(refund, RefundStatus.REFUSED, GatewayAnswer(Verdict.ERROR))
        card = self._card_of(payment.card_id)
        answer = self._gateway.refund(
            Return(str(payment.transaction_id), refund.amount, refund.invoice, card.last_four)
        )
        is_done = answer.verdict is Verdict.APPROVED
        return self._answered(refund, RefundStatus.REFUNDED if is_done else RefundStatus.REFUSED, answer)

    def _answered(self, refund: Refund, status: RefundStatus, answer: GatewayAnswer) -> Refund:
        with self._ledger.separately():
            return self._note_answer(refund, status, answer)

    def _note_answer(self, refund: Refund, status: RefundStatus, answer: GatewayAnswer) -> Refund:
        sealed = self._seal(refund.customer_id, answer.response, context="refunds.response")
        with self._ledger.transaction() as connection:
            payment = self._locked(refund.payment_id)
            done = store.change_refund(
                connection,
                refund.id,
                status=status,
                transaction_id=answer.transaction_id,
                response_sealed=sealed,
                answered_at=self._now(),
            )
            self._write(payment, **self._outcome(payment, done))
        if status is RefundStatus.REFUSED:
            log.error("refund_refused", payment_id=payment.id, refund_id=refund.id)
        return done

    def _outcome(self, payment: Payment, refund: Refund) -> dict[str, object]:
        """What a refund's answer makes of its payment."""
        if refund.status is RefundStatus.REFUSED:
            left = payment.refunded - refund.amount
            return {"status": PaymentStatus.APPROVED, "refunded_cents": left.cents}
        if payment.status is PaymentStatus.RETURNING:
            return {"status": self._returned(payment, refund.status)}
        return {"status": payment.status}

    def _wait(self, refund: Refund, wait: timedelta) -> Refund:
        with self._ledger.separately() as connection:
            return store.change_refund(connection, refund.id, due_at=self._now() + wait)

    def _locked(self, payment_id: str) -> Payment:
        """Until the caller's transaction ends, nobody else changes it."""
        with self._ledger.transaction() as connection:
            payment = store.locked(connection, payment_id)
        if payment is None:
            raise PaymentNotFound
        return payment


def _intended(payment: Payment, amount: Money | None, *, reason: str, key: str, at: datetime) -> Refund:
    left = payment.amount - payment.refunded if payment.status is PaymentStatus.APPROVED else Money(0)
    wanted = left if amount is None else amount
    if amount is not None and amount.cents <= 0:
        raise NothingToPay
    if wanted > left or left.cents == 0:
        raise NothingToRefund(left)
    return Refund(
        id=new_id("rfd"),
        key=key,
        payment_id=payment.id,
        customer_id=payment.customer_id,
        amount=wanted,
        reason=reason,
        invoice=new_id("r")[:INVOICE_LENGTH],
        status=RefundStatus.PENDING,
        created_at=at,
    )
