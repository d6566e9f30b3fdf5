"""Complete an order: charge and book it, hold it for review, or fail it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from commerce.checkout import store
from commerce.checkout.drafting import CheckoutServices
from commerce.checkout.facts import OrderNotice, failed_notice, held_notice, order_row, purchased, receipt
from commerce.checkout.models import (
    REVIEW_KEPT,
    STOCK_KEPT,
    Order,
    OrderFailed,
    OrderStatus,
)
from commerce.fraud.models import Assessment
from commerce.fraud.service import Fraud
from commerce.inventory.models import Wanted
from commerce.payments.models import Payment, PaymentHeld, PaymentStatus
from foundation.clock import Clock
from foundation.errors import GatewayTimeout, ShopError
from foundation.money import Money
from foundation.outbox import Outbox
from foundation.sql import Ledger

REFUSED = "We reviewed the order and cannot accept it."


@dataclass(frozen=True)
class OrderDependencies:
    """What an order is written to, scored by and published through."""

    ledger: Ledger
    fraud: Fraud
    outbox: Outbox


class Booking:
    def __init__(self, dependencies: OrderDependencies, services: CheckoutServices, *, now: Clock) -> None:
        self._ledger = dependencies.ledger
        self._outbox = dependencies.outbox
        self._services = services
        self._now = now

    def open(
        self, connection: Connection, order: Order, wanted: Sequence[Wanted], *, until: datetime
    ) -> None:
        """Its gift is given with it, so that no other order of the period has one. Stock comes last."""
        store.add(connection, order)
        benefits = self._services.benefits
        if order.has_gift and not benefits.give_gift(order.customer_id, order_id=order.id):
            raise OrderFailed
        self._services.inventory.reserve(wanted, key=order.key, until=until)

    def keep_for_review(
        self, connection: Connection, order: Order, wanted: Sequence[Wanted], assessment: Assessment
    ) -> Order:
        held = replace(
            order,
            status=OrderStatus.REVIEW,
            review_id=assessment.review_id,
            reasons=assessment.reasons,
        )
        self.publish(held)
        self.notify(held, held_notice(held))
        self._empty_cart(held)
        self.open(connection, held, wanted, until=held.created_at + REVIEW_KEPT)
        return held

    def begun(self, order: Order) -> Payment | None:
        begun = self._services.payments.charges.by_key(order.key)
        return None if begun is None else begun[0]

    def pay(self, connection: Connection, order: Order) -> Order:
        """For a customer who waits: a refusal fails the order and is raised."""
        try:
            return self._pay(connection, order)
        except GatewayTimeout:
            raise
        except ShopError:
            self._give_up(order)
            raise

    def pay_unasked(self, connection: Connection, order: Order) -> Order:
        """For a customer who no longer waits: a refusal fails the order and is sent to them as a notice."""
        try:
            return self._pay(connection, order)
        except GatewayTimeout:
            raise
        except ShopError as refusal:
            return self.give_up(order, why=str(refusal))

    def settle_held(
        self, connection: Connection, order: Order, payment: Payment, *, by: str, accept: bool
    ) -> Order:
        settled = self._services.payments.held.decide(payment.id, accept=accept, by=by)
        if settled.status is PaymentStatus.APPROVED:
            return self.pay_unasked(connection, order)
        return self.refuse(connection, order)

    def refuse(self, connection: Connection, order: Order) -> Order:
        """After a review that found against it."""
        refused = replace(order, status=OrderStatus.REFUSED, updated_at=self._now())
        store.move(connection, refused)
        self.publish(refused)
        self.notify(refused, failed_notice(refused, why=REFUSED, returned=Money(0)))
        self._release(refused)
        return refused

    def give_up(self, order: Order, *, why: str) -> Order:
        """Fail the order and send the customer a notice. Commits by itself."""
        payment = self.begun(order)
        returned = payment.amount if payment is not None and payment.is_taken else Money(0)
        return self._give_up(order, failed_notice(order, why=why, returned=returned))

    def publish(self, order: Order) -> None:
        self._outbox.publish(order_row(order), customer_id=order.customer_id)

    def notify(self, order: Order, notice: OrderNotice) -> None:
        event_id = f"ntc_{notice.template}_{order.id}"
        self._outbox.publish(notice, customer_id=order.customer_id, event_id=event_id)

    def take_back_gift(self, order: Order) -> None:
        """The period's gift is due again."""
        if order.has_gift:
            self._services.benefits.take_back_gift(order.customer_id, order_id=order.id)

    def _pay(self, connection: Connection, order: Order) -> Order:
        description = f"Order {order.id}"
        try:
            payment = self._services.payments.charges.charge(
                order.customer_id, amount=order.totals.total, description=description, key=order.key
            )
        except PaymentHeld:
            return self._hold(connection, order)
        return self._book(connection, order, payment)

    def _give_up(self, order: Order, notice: OrderNotice | None = None) -> Order:
        """Refund what was charged and release the stock. Commits by itself."""
        self._services.payments.refunds.refund_undelivered(order.key, reason="the order was not booked")
        failed = replace(order, status=OrderStatus.FAILED, updated_at=self._now())
        with self._ledger.new_transaction() as connection:
            if store.move(connection, failed):
                if order.status is OrderStatus.REVIEW:
                    self.publish(failed)
                if notice is not None:
                    self.notify(failed, notice)
                self._release(failed)
        return failed

    def _release(self, order: Order) -> None:
        self.take_back_gift(order)
        self._services.inventory.release(order.key)

    def _book(self, connection: Connection, order: Order, payment: Payment) -> Order:
        """In a savepoint: a refusal releases every row lock before the refund. Stock comes last."""
        paid = replace(order, status=OrderStatus.PAID, payment_id=payment.id, updated_at=self._now())
        with connection.begin_nested():
            if not store.move(connection, paid):
                raise OrderFailed
            self._services.payments.charges.mark_delivered(payment)
            self.publish(paid)
            self._outbox.publish(purchased(paid), customer_id=paid.customer_id)
            self.notify(paid, receipt(paid))
            self._empty_cart(paid)
            self._take(paid)
        return paid

    def _take(self, order: Order) -> None:
        """Deduct the stock; if its reservation has lapsed, only while there is enough."""
        inventory = self._services.inventory
        if not inventory.confirm(order.key):
            products = inventory.many(list(order.quantities))
            wanted = [Wanted(products[each], count) for each, count in order.quantities.items()]
            inventory.reserve(wanted, key=order.key, until=self._now() + STOCK_KEPT)
            inventory.confirm(order.key)

    def _hold(self, connection: Connection, order: Order) -> Order:
        """The gateway holds the charge for review."""
        payment = self.begun(order)
        paid_by = None if payment is None else payment.id
        held = replace(order, status=OrderStatus.REVIEW, payment_id=paid_by, updated_at=self._now())
        store.move(connection, held)
        self.publish(held)
        self.notify(held, held_notice(held))
        self._empty_cart(held)
        self._services.inventory.keep(order.key, until=held.updated_at + REVIEW_KEPT)
        return held

    def _empty_cart(self, order: Order) -> None:
        if order.from_cart:
            self._services.carts.take(order.customer_id, [line.product_id for line in order.lines])
