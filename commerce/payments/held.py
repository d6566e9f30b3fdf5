"""Payments that the gateway holds back until a person, here or at the gateway, has decided on them."""

from collections.abc import Callable

from commerce.payments import store
from commerce.payments.events import PaymentDecided
from commerce.payments.models import CardUnconfirmed, NotHeld, Payment, PaymentNotFound, PaymentStatus
from commerce.payments.ports import GatewaySilent, Transaction, TransactionGateway, Verdict
from commerce.payments.refunds import Refunds
from commerce.payments.writer import PaymentWriter
from foundation.errors import GatewayTimeout, ShopError
from foundation.keyset import Keyset
from foundation.log import logger

log = logger(__name__)


class HeldPayments:
    def __init__(self, writer: PaymentWriter, gateway: TransactionGateway, refunds: Refunds) -> None:
        self._writer = writer
        self._ledger = writer.ledger
        self._gateway = gateway
        self._refunds = refunds

    def waiting(self, *, limit: int = 100, after: Keyset | None = None) -> list[Payment]:
        """The oldest first."""
        with self._ledger.autocommit() as connection:
            return store.held(connection, limit=limit, after=after)

    def decide(self, payment_id: str, *, accept: bool, by: str) -> Payment:
        """Let a held payment go through or refuse it. Twice is the same as once.

        The key of an accepted payment succeeds from then on, for the customer or the service that asks
        again with it; what nobody books within three days is given back.
        """
        with self._ledger.transaction() as connection:
            known = store.known(connection, payment_id)
            if known is None:
                raise PaymentNotFound
            store.hold_key(connection, known.key)
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

    def decided_at_gateway(self, payment: Payment, transaction: Transaction) -> Payment:
        """Take over what was decided in the gateway's own interface, if anything was."""
        if transaction.verdict is Verdict.HELD:
            return payment
        is_taken = transaction.verdict is Verdict.APPROVED
        status = PaymentStatus.APPROVED if is_taken else PaymentStatus.DECLINED
        return self._record(payment, status, by="gateway")

    def fulfil(self, payment_id: str, book: Callable[[], object]) -> None:
        """Book what an accepted payment was for; if that is refused, give the money back and say so."""
        try:
            book()
        except GatewayTimeout:
            raise
        except ShopError as refusal:
            log.info("held_payment_given_back", payment_id=payment_id, refusal=type(refusal).__name__)
            with self._ledger.transaction() as connection:
                key = store.find(connection, payment_id).key
            self._refunds.refund_undelivered(key, reason=str(refusal))
            self._refunds.notify(payment_id)

    def _decide(self, payment: Payment, *, accept: bool, by: str) -> Payment:
        transaction_id = str(payment.transaction_id)
        answer = self._gateway.decide_held(transaction_id, accept=accept)
        if answer.verdict is Verdict.APPROVED:
            status = PaymentStatus.APPROVED if accept else PaymentStatus.DECLINED
            return self._record(payment, status, by=by)
        found = self._gateway.look_up(transaction_id)
        if found is None or found.verdict is Verdict.HELD:
            raise CardUnconfirmed
        return self.decided_at_gateway(payment, found)

    def _record(self, payment: Payment, status: PaymentStatus, *, by: str) -> Payment:
        """Published as `payment_decisions`, so that what was asked for under its key can be booked."""
        with self._ledger.new_transaction():
            decided = self._writer.write(payment, status=status, decided_at=self._writer.now(), decided_by=by)
            decision = PaymentDecided(
                payment_id=payment.id,
                key=payment.key,
                purpose=payment.purpose,
                status=decided.status,
                by=by,
            )
            event_id = f"decided_{payment.id}"
            self._writer.outbox.publish(decision, customer_id=payment.customer_id, event_id=event_id)
        return decided
