"""Charge a card once per key, whatever crashes or is asked again.

The intent is committed before the gateway is called and the answer right after it,
each on its own; only `delivered_at` commits together with what was bought. So after a
crash the same key finds what happened, and money that bought nothing is found and returned.
"""

from datetime import timedelta

from commerce.payments import store
from commerce.payments.cards import Cards
from commerce.payments.models import (
    INVOICE_LENGTH,
    Card,
    CardDeclined,
    KeyReused,
    NothingToPay,
    Payment,
    PaymentFailed,
    PaymentHeld,
    PaymentNotFound,
    PaymentReturned,
    PaymentStatus,
    PaymentUnsettled,
)
from commerce.payments.ports import (
    DUPLICATE_WINDOW,
    Charge,
    GatewayAnswer,
    GatewayAway,
    GatewaySilent,
    Transaction,
    TransactionGateway,
    Verdict,
)
from commerce.payments.writer import PaymentWriter
from foundation.ids import new_id
from foundation.keyset import Keyset
from foundation.money import Money

ANSWER_TIMEOUT = timedelta(minutes=1)
"""How long an intent may wait for its answer before it is looked up."""

STATUS_BY_VERDICT = {
    Verdict.APPROVED: PaymentStatus.APPROVED,
    Verdict.DECLINED: PaymentStatus.DECLINED,
    Verdict.ERROR: PaymentStatus.FAILED,
    Verdict.HELD: PaymentStatus.HELD,
}


class Charges:
    def __init__(self, writer: PaymentWriter, gateway: TransactionGateway, cards: Cards) -> None:
        self._writer = writer
        self._ledger = writer.ledger
        self._now = writer.now
        self._gateway = gateway
        self._cards = cards

    def charge(
        self, customer_id: str, *, amount: Money, description: str, key: str, purpose: str = ""
    ) -> Payment:
        """The approved payment for this key; any other outcome is raised as a refusal.

        Call it inside the transaction that books what is bought, and `mark_delivered` there too.
        The `purpose` tells the caller what to book when a held payment is accepted later.
        """
        if amount.cents <= 0:
            raise NothingToPay
        with self._ledger.transaction() as connection:
            store.hold_key(connection, key)
            payment = store.by_key(connection, key)
            if payment is None:
                intent = self._intend(
                    customer_id, amount=amount, description=description, key=key, purpose=purpose
                )
                payment = self._ask(intent)
            elif (payment.customer_id, payment.amount) != (customer_id, amount):
                raise KeyReused
            elif payment.status is PaymentStatus.PENDING:
                payment = self._ask_again(payment)
            return self._approved(payment)

    def by_key(self, key: str) -> tuple[Payment, Card] | None:
        """The payment of this key and the card it goes to, however far it has come."""
        with self._ledger.transaction() as connection:
            payment = store.by_key(connection, key)
        return None if payment is None else (payment, self._cards.find(payment.card_id))

    def find(self, payment_id: str) -> Payment:
        with self._ledger.transaction() as connection:
            payment = store.known(connection, payment_id)
        if payment is None:
            raise PaymentNotFound
        return payment

    def of_customer(self, customer_id: str, *, limit: int = 50, after: Keyset | None = None) -> list[Payment]:
        """The latest first."""
        with self._ledger.autocommit() as connection:
            return store.of_customer(connection, customer_id, limit=limit, after=after)

    def mark_delivered(self, payment: Payment) -> None:
        """Note that what was bought is booked; commits, or is rolled back, together with the booking."""
        with self._ledger.transaction() as connection:
            store.mark_delivered(connection, payment.id, self._now())

    def settle(self, payment: Payment) -> bool:
        """Record what became of a charge without an answer; False while the gateway is silent."""
        try:
            found = self._find_at_gateway(payment)
        except GatewaySilent:
            return False
        if found is None:
            self._record(payment, GatewayAnswer(Verdict.ERROR))
        else:
            self.record_found(payment, found)
        return True

    def record_found(self, payment: Payment, found: Transaction) -> Payment:
        return self._record(payment, GatewayAnswer(found.verdict, found.transaction_id, found.response))

    def _intend(
        self, customer_id: str, *, amount: Money, description: str, key: str, purpose: str
    ) -> Payment:
        payment = Payment(
            id=new_id("pay"),
            key=key,
            customer_id=customer_id,
            card_id=self._cards.default(customer_id).id,
            amount=amount,
            description=description,
            invoice=new_id("i")[:INVOICE_LENGTH],
            status=PaymentStatus.PENDING,
            transaction_id=None,
            created_at=self._now(),
            purpose=purpose,
        )
        with self._ledger.new_transaction() as connection:
            store.add(connection, payment)
        return payment

    def _ask(self, payment: Payment) -> Payment:
        charge = self._charge_of(payment)
        try:
            answer = self._gateway.charge(charge)
        except GatewayAway:
            answer = GatewayAnswer(Verdict.ERROR)
        except GatewaySilent as silence:
            found = self._look_up(payment)
            if found is None:
                raise PaymentUnsettled from silence
            return self.record_found(payment, found)
        return self._record(payment, answer)

    def _ask_again(self, payment: Payment) -> Payment:
        """An intent without an answer: look first, and only send the same invoice again if there is none.

        Should the first request still be on its way, the gateway's duplicate window
        makes both one charge.
        """
        try:
            found = self._find_at_gateway(payment)
            if found is not None:
                return self.record_found(payment, found)
            if self._now() - payment.created_at >= DUPLICATE_WINDOW:
                return self._record(payment, GatewayAnswer(Verdict.ERROR))
            return self._record(payment, self._gateway.charge(self._charge_of(payment)))
        except GatewaySilent as silence:
            raise PaymentUnsettled from silence

    def _look_up(self, payment: Payment) -> Transaction | None:
        try:
            return self._find_at_gateway(payment)
        except GatewaySilent:
            return None

    def _find_at_gateway(self, payment: Payment) -> Transaction | None:
        """A refund made by hand may carry the invoice of its charge."""
        found = self._gateway.find(payment.invoice)
        return self._gateway.look_up(found.refund_of) if found and found.refund_of else found

    def _record(self, payment: Payment, answer: GatewayAnswer) -> Payment:
        sealed = self._writer.seal(payment.customer_id, answer.response, context="payments.response")
        return self._writer.commit(
            payment,
            status=STATUS_BY_VERDICT[answer.verdict],
            transaction_id=answer.transaction_id,
            response_sealed=sealed,
            answered_at=self._now(),
        )

    def _approved(self, payment: Payment) -> Payment:
        match payment.status:
            case PaymentStatus.APPROVED:
                return payment
            case PaymentStatus.DECLINED:
                raise CardDeclined(self._cards.find(payment.card_id))
            case PaymentStatus.HELD:
                raise PaymentHeld
            case PaymentStatus.FAILED:
                raise PaymentFailed
            case PaymentStatus.PENDING:
                raise PaymentUnsettled
            case _:
                raise PaymentReturned

    def _charge_of(self, payment: Payment) -> Charge:
        token = self._cards.token(payment.card_id)
        return Charge(token, payment.amount, payment.invoice, payment.description)
