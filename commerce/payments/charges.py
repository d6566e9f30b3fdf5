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
    CardUnconfirmed,
    KeyReused,
    NotHeld,
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
    Stage,
    Transaction,
    Verdict,
)
from commerce.payments.refunds import Returning
from foundation.ids import new_id
from foundation.money import Money

PATIENCE = timedelta(minutes=1)
"""How long an intent may wait for its answer before it is looked up."""

OUTCOME = {
    Verdict.APPROVED: PaymentStatus.APPROVED,
    Verdict.DECLINED: PaymentStatus.DECLINED,
    Verdict.ERROR: PaymentStatus.FAILED,
    Verdict.HELD: PaymentStatus.HELD,
}


class Charging(Cards, Returning):
    def charge(
        self, customer_id: str, *, amount: Money, description: str, key: str, purpose: str = ""
    ) -> Payment:
        """The approved payment for this key; any other outcome is raised as a refusal.

        Call it inside the transaction that books what is bought, and `deliver` there too. With the
        `purpose` the room knows again what to book when a held payment is let through.
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

    def deposit(self, customer_id: str, *, amount: Money, description: str, key: str) -> Payment:
        """Take an amount and give it back at once: it proves that the card is real and the customer's."""
        with self._ledger.transaction() as connection:
            known = store.by_key(connection, key)
            if known is None or known.status is PaymentStatus.PENDING:
                known = self.charge(customer_id, amount=amount, description=description, key=key)
            self.give_back(key, reason="a deposit goes back")
            returned = store.find(connection, known.id)
        if not returned.is_taken:
            self._approved(returned)
        return returned

    def begun(self, key: str) -> tuple[Payment, Card] | None:
        """The payment of this key and the card it goes to, however far it has come."""
        with self._ledger.transaction() as connection:
            payment = store.by_key(connection, key)
        return None if payment is None else (payment, self._card_of(payment.card_id))

    def payment(self, payment_id: str) -> Payment:
        with self._ledger.transaction() as connection:
            payment = store.known(connection, payment_id)
        if payment is None:
            raise PaymentNotFound
        return payment

    def payments_of(self, customer_id: str, *, limit: int = 50) -> list[Payment]:
        """The latest first."""
        with self._ledger.at_once() as connection:
            return store.of_customer(connection, customer_id, limit=limit)

    def deliver(self, payment: Payment) -> None:
        """Say that what was bought is booked; commits, or is forgotten, together with the booking."""
        with self._ledger.transaction() as connection:
            store.mark_delivered(connection, payment.id, self._now())

    def held(self) -> list[Payment]:
        """What the gateway holds back until a person has looked at it, the oldest first."""
        with self._ledger.at_once() as connection:
            return store.held(connection)

    def settle_held(self, payment_id: str, *, accept: bool, by: str) -> Payment:
        """Let a held payment go through or refuse it. Twice is the same as once.

        The key of an accepted payment succeeds from then on, for the customer or the room that asks
        again with it; what nobody books within three days is given back.
        """
        key = self.payment(payment_id).key
        with self._ledger.transaction() as connection:
            store.hold_key(connection, key)
            payment = store.find(connection, payment_id)
            decided = PaymentStatus.APPROVED if accept else PaymentStatus.DECLINED
            if payment.status is decided:
                return payment
            if payment.status is not PaymentStatus.HELD:
                raise NotHeld
            try:
                return self._decide(payment, accept=accept, by=by)
            except GatewaySilent as silence:
                raise CardUnconfirmed from silence

    def observe(self, transaction: Transaction) -> Payment | None:
        """Take over what happened at the gateway itself; None when it is no payment of ours."""
        if transaction.refund_of is not None:
            self._note_refund(transaction)
            return None
        with self._ledger.transaction() as connection:
            payment = store.by_transaction(connection, transaction.transaction_id)
            if payment is None:
                return self._note_late(transaction)
        match payment.status, transaction.stage:
            case PaymentStatus.HELD, _:
                return self._settled_as(payment, transaction, by="gateway")
            case PaymentStatus.APPROVED, Stage.VOIDED:
                return self._note_void(payment, transaction)
            case _:
                return payment

    def _note_late(self, transaction: Transaction) -> Payment | None:
        """A charge without an answer here. When it was given up since, what it took goes back."""
        with self._ledger.transaction() as connection:
            payment = store.by_invoice(connection, transaction.invoice)
            if payment is None or not store.try_hold_key(connection, payment.key):
                return payment
            payment = store.find(connection, payment.id)
            is_given_up = payment.status is PaymentStatus.FAILED and payment.transaction_id is None
            if is_given_up or payment.status is PaymentStatus.PENDING:
                self._record_found(payment, transaction)
            if is_given_up:
                self.give_back(payment.key, reason="it was charged too late")
            return store.find(connection, payment.id)

    def _decide(self, payment: Payment, *, accept: bool, by: str) -> Payment:
        transaction_id = str(payment.transaction_id)
        answer = self._gateway.decide_held(transaction_id, accept=accept)
        if answer.verdict is Verdict.APPROVED:
            status = PaymentStatus.APPROVED if accept else PaymentStatus.DECLINED
            return self._decided(payment, status, by=by)
        found = self._gateway.look_up(transaction_id)
        if found is None or found.verdict is Verdict.HELD:
            raise CardUnconfirmed
        return self._settled_as(payment, found, by="gateway")

    def _settled_as(self, payment: Payment, transaction: Transaction, *, by: str) -> Payment:
        if transaction.verdict is Verdict.HELD:
            return payment
        is_taken = transaction.verdict is Verdict.APPROVED
        status = PaymentStatus.APPROVED if is_taken else PaymentStatus.DECLINED
        return self._decided(payment, status, by=by)

    def _decided(self, payment: Payment, status: PaymentStatus, *, by: str) -> Payment:
        """Rooms hear of it as `payment_decisions`, and may finish then what was asked under its key."""
        with self._ledger.separately():
            decided = self._write(payment, status=status, decided_at=self._now(), decided_by=by)
            told = {
                "payment_id": payment.id,
                "key": payment.key,
                "purpose": payment.purpose,
                "status": decided.status,
                "by": by,
            }
            self._outbox.append(
                "payment_decisions",
                told,
                customer_id=payment.customer_id,
                event_id=f"decided_{payment.id}",
            )
        return decided

    def _intend(
        self, customer_id: str, *, amount: Money, description: str, key: str, purpose: str
    ) -> Payment:
        payment = Payment(
            id=new_id("pay"),
            key=key,
            customer_id=customer_id,
            card_id=self.default_card(customer_id).id,
            amount=amount,
            description=description,
            invoice=new_id("i")[:INVOICE_LENGTH],
            status=PaymentStatus.PENDING,
            transaction_id=None,
            created_at=self._now(),
            purpose=purpose,
        )
        with self._ledger.separately() as connection:
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
            return self._record_found(payment, found)
        return self._record(payment, answer)

    def _ask_again(self, payment: Payment) -> Payment:
        """An intent without an answer: look first, and only send the same invoice again if there is none.

        Should the first request still be on its way, the gateway's duplicate window
        makes both one charge.
        """
        try:
            found = self._found(payment)
            if found is not None:
                return self._record_found(payment, found)
            if self._now() - payment.created_at >= DUPLICATE_WINDOW:
                return self._record(payment, GatewayAnswer(Verdict.ERROR))
            return self._record(payment, self._gateway.charge(self._charge_of(payment)))
        except GatewaySilent as silence:
            raise PaymentUnsettled from silence

    def _look_up(self, payment: Payment) -> Transaction | None:
        try:
            return self._found(payment)
        except GatewaySilent:
            return None

    def _found(self, payment: Payment) -> Transaction | None:
        """What is returned by hand may carry the invoice of its charge."""
        found = self._gateway.find(payment.invoice)
        return self._gateway.look_up(found.refund_of) if found and found.refund_of else found

    def _record_found(self, payment: Payment, found: Transaction) -> Payment:
        return self._record(payment, GatewayAnswer(found.verdict, found.transaction_id, found.response))

    def _record(self, payment: Payment, answer: GatewayAnswer) -> Payment:
        return self._change(
            payment,
            status=OUTCOME[answer.verdict],
            transaction_id=answer.transaction_id,
            response_sealed=self._seal(payment.customer_id, answer.response, context="payments.response"),
            answered_at=self._now(),
        )

    def _approved(self, payment: Payment) -> Payment:
        match payment.status:
            case PaymentStatus.APPROVED:
                return payment
            case PaymentStatus.DECLINED:
                raise CardDeclined(self._card_of(payment.card_id))
            case PaymentStatus.HELD:
                raise PaymentHeld
            case PaymentStatus.FAILED:
                raise PaymentFailed
            case PaymentStatus.PENDING:
                raise PaymentUnsettled
            case _:
                raise PaymentReturned

    def _finish_charge(self, key: str) -> bool:
        with self._ledger.separately() as connection:
            if not store.try_hold_key(connection, key):
                return False
            payment = store.by_key(connection, key)
            match payment:
                case Payment(status=PaymentStatus.PENDING):
                    return self._settle(payment)
                case Payment(status=PaymentStatus.APPROVED, is_delivered=False):
                    self.give_back(key, reason="nothing was delivered for it")
                    return True
                case _:
                    return False

    def _settle(self, payment: Payment) -> bool:
        try:
            found = self._found(payment)
        except GatewaySilent:
            return False
        if found is None:
            self._record(payment, GatewayAnswer(Verdict.ERROR))
        else:
            self._record_found(payment, found)
        return True

    def _charge_of(self, payment: Payment) -> Charge:
        token = self._token_of(payment.card_id)
        return Charge(token, payment.amount, payment.invoice, payment.description)
