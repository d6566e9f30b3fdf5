"""Monthly charges that the gateway makes by itself, and the payments that they become.

Whether a notification came or the hourly check found it, the plan's own list of charges at the
gateway is what counts: each becomes one payment and is passed to the listener at least once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from commerce.payments import gateway_store, store
from commerce.payments.cards import Cards
from commerce.payments.charges import STATUS_BY_VERDICT
from commerce.payments.models import (
    INVOICE_LENGTH,
    KeyReused,
    NothingToPay,
    Payment,
    PaymentNotFound,
    PaymentStatus,
    Recurring,
    RecurringStatus,
    RecurringUnsettled,
)
from commerce.payments.ports import (
    CardGateway,
    GatewaySilent,
    Notification,
    Plan,
    RecurringCharge,
    RecurringListener,
    Transaction,
)
from commerce.payments.reconciliation import Reconciliation
from commerce.payments.writer import PaymentWriter
from foundation.ids import new_id
from foundation.money import Money

LOOKED_AFTER = timedelta(hours=1)
"""How long a lost notification may stay unnoticed."""


class Subscriptions:
    def __init__(
        self, writer: PaymentWriter, gateway: CardGateway, cards: Cards, reconciliation: Reconciliation
    ) -> None:
        self._writer = writer
        self._ledger = writer.ledger
        self._now = writer.now
        self._plans = gateway.plans
        self._transactions = gateway.transactions
        self._cards = cards
        self._reconciliation = reconciliation

    def start(self, customer_id: str, *, name: str, amount: Money, first_at: datetime, key: str) -> Recurring:
        """Have the default card charged every month from `first_at` on; begun once for this key."""
        if amount.cents <= 0:
            raise NothingToPay
        with self._ledger.transaction() as connection:
            store.hold_key(connection, key)
            known = gateway_store.recurring_by_key(connection, key)
            if known is None:
                intent = self._intend(customer_id, name=name, amount=amount, first_at=first_at, key=key)
                return self._begin(intent, is_new=True)
            if (known.customer_id, known.amount) != (customer_id, amount) and known.change_key is None:
                raise KeyReused
            return self._begin(known, is_new=False) if known.status is RecurringStatus.PENDING else known

    def find(self, recurring_id: str) -> Recurring:
        with self._ledger.transaction() as connection:
            known = gateway_store.recurring(connection, recurring_id)
        if known is None:
            raise PaymentNotFound
        return known

    def change(self, recurring_id: str, *, amount: Money, key: str) -> Recurring:
        """Charge another amount from the next month on."""
        if amount.cents <= 0:
            raise NothingToPay
        with self._ledger.transaction() as connection:
            known = self._lock(recurring_id)
            if known.change_key == key or known.subscription_id is None or known.is_over:
                return known
            try:
                self._plans.change_plan(known.subscription_id, amount=amount)
            except GatewaySilent as silence:
                raise RecurringUnsettled from silence
            return gateway_store.change_recurring(
                connection, known.id, amount_cents=amount.cents, change_key=key
            )

    def stop(self, recurring_id: str, *, key: str) -> Recurring:
        """Charge nothing more. Twice is the same as once."""
        with self._ledger.transaction() as connection:
            known = self._lock(recurring_id)
            if known.is_over:
                return known
            try:
                subscription_id = known.subscription_id or self._plans.find_plan(known.invoice)
                if subscription_id is not None:
                    self._plans.stop_plan(subscription_id)
            except GatewaySilent as silence:
                raise RecurringUnsettled from silence
            return gateway_store.change_recurring(
                connection,
                known.id,
                status=RecurringStatus.STOPPED,
                subscription_id=subscription_id,
                change_key=key,
                ended_at=self._now(),
            )

    def receive(self, notification: Notification, listener: RecurringListener) -> None:
        """Look up what a notification hints at.

        Raises:
            GatewaySilent: when that has to wait.
        """
        if notification.kind == "transaction":
            self._receive_transaction(notification.subject_id, listener)
        else:
            self._receive_plan(notification.subject_id, listener)

    def follow(self, recurring_id: str, listener: RecurringListener) -> int:
        """Record and publish every charge of a plan that the listener lacks; how many there were."""
        with self._ledger.transaction() as connection:
            known = self._lock(recurring_id)
            plan = self._plans.plan(str(known.subscription_id))
            published = gateway_store.published_transactions(connection, recurring_id)
            missing = [each for each in plan.transaction_ids if each not in published]
            count = sum(self._publish(known, each, listener) for each in missing)
            values: dict[str, object] = {"checked_at": self._now()}
            if plan.status.is_over and not known.is_over:
                values |= {"status": RecurringStatus.ENDED, "ended_at": self._now()}
                listener.ended(known.id, plan.status)
            gateway_store.change_recurring(connection, known.id, **values)
        return count

    def put_off(self, recurring_id: str) -> None:
        """Look at the others first: this plan cannot be followed just now."""
        with self._ledger.transaction() as connection:
            gateway_store.change_recurring(connection, recurring_id, checked_at=self._now())

    def unwatched(self) -> Sequence[str]:
        """The plans that nobody has looked at for an hour, and those that were stopped only lately."""
        before = self._now() - LOOKED_AFTER
        with self._ledger.autocommit() as connection:
            return gateway_store.unwatched(connection, before=before)

    def _receive_transaction(self, transaction_id: str, listener: RecurringListener) -> None:
        transaction = self._transactions.look_up(transaction_id)
        if transaction is None:
            return
        if transaction.refund_of is not None:
            self._receive_transaction(transaction.refund_of, listener)  # it may be new as well
            self._reconciliation.observe(transaction)
            return
        self._reconciliation.observe(transaction)
        if transaction.subscription_id is not None:
            self._receive_plan(transaction.subscription_id, listener)

    def _receive_plan(self, subscription_id: str, listener: RecurringListener) -> None:
        with self._ledger.transaction() as connection:
            known = gateway_store.by_subscription(connection, subscription_id)
        if known is not None:
            self.follow(known.id, listener)

    def _intend(
        self, customer_id: str, *, name: str, amount: Money, first_at: datetime, key: str
    ) -> Recurring:
        recurring = Recurring(
            id=new_id("rec"),
            key=key,
            customer_id=customer_id,
            card_id=self._cards.default(customer_id).id,
            name=name,
            amount=amount,
            first_at=first_at,
            invoice=new_id("s")[:INVOICE_LENGTH],
            status=RecurringStatus.PENDING,
            subscription_id=None,
        )
        with self._ledger.new_transaction() as connection:
            gateway_store.add_recurring(connection, recurring, at=self._now())
        return recurring

    def _begin(self, recurring: Recurring, *, is_new: bool) -> Recurring:
        plan = Plan(
            self._cards.token(recurring.card_id),
            recurring.name,
            recurring.amount,
            recurring.first_at,
            recurring.invoice,
        )
        try:
            begun = None if is_new else self._plans.find_plan(recurring.invoice)
            subscription_id = begun or self._plans.subscribe(plan)
        except GatewaySilent as silence:
            raise RecurringUnsettled from silence
        with self._ledger.new_transaction() as connection:
            return gateway_store.change_recurring(
                connection,
                recurring.id,
                status=RecurringStatus.ACTIVE,
                subscription_id=subscription_id,
                checked_at=self._now(),
            )

    def _lock(self, recurring_id: str) -> Recurring:
        """Until the caller's transaction ends, nobody else works on it."""
        with self._ledger.transaction() as connection:
            store.hold_key(connection, f"recurring:{recurring_id}")
        return self.find(recurring_id)

    def _publish(self, recurring: Recurring, transaction_id: str, listener: RecurringListener) -> bool:
        transaction = self._transactions.look_up(transaction_id)
        if transaction is None:
            return False
        payment = self._reconciliation.observe(transaction) or self._record(recurring, transaction)
        if payment.status is PaymentStatus.HELD:
            return False
        charge = RecurringCharge(recurring.id, transaction_id, payment.amount, payment.created_at, payment.id)
        if payment.is_taken:
            listener.charged(charge)
        else:
            listener.failed(charge)
        with self._ledger.transaction() as connection:
            store.mark_published(connection, payment.id, self._now())
        return True

    def _record(self, recurring: Recurring, transaction: Transaction) -> Payment:
        """The payment that the gateway's own charge becomes; committed before it is published."""
        payment = Payment(
            id=new_id("pay"),
            key=f"{recurring.id}:{transaction.transaction_id}",
            customer_id=recurring.customer_id,
            card_id=recurring.card_id,
            amount=transaction.amount,
            description=recurring.name,
            invoice=transaction.transaction_id[-INVOICE_LENGTH:],
            status=STATUS_BY_VERDICT[transaction.verdict],
            transaction_id=transaction.transaction_id,
            created_at=transaction.at,
            recurring_id=recurring.id,
        )
        sealed = self._writer.seal(payment.customer_id, transaction.response, context="payments.response")
        with self._ledger.new_transaction() as connection:
            store.add(connection, payment, response_sealed=sealed, answered_at=self._now())
            self._writer.publish(payment)
        return payment
