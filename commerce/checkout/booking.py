"""Take an order to its end: charge and book it, keep it for a person to look at, or give it up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from commerce.checkout import store
from commerce.checkout.drafting import Rooms
from commerce.checkout.facts import failed_notice, held_notice, order_fact, purchase_fact, receipt
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

REFUSED = "We have looked at it and cannot accept it."


@dataclass(frozen=True)
class Books:
    """Where an order is written, weighed and told of."""

    ledger: Ledger
    fraud: Fraud
    outbox: Outbox


class Booking:
    def __init__(self, books: Books, rooms: Rooms, *, now: Clock) -> None:
        self._ledger = books.ledger
        self._outbox = books.outbox
        self._rooms = rooms
        self._now = now

    def open(
        self, connection: Connection, order: Order, wanted: Sequence[Wanted], *, until: datetime
    ) -> None:
        """Its gift is given with it, so that no other order of the period has one. Stock comes last."""
        store.add(connection, order)
        benefits = self._rooms.benefits
        if order.has_gift and not benefits.give_gift(order.customer_id, order_id=order.id):
            raise OrderFailed
        self._rooms.inventory.reserve(wanted, key=order.key, until=until)

    def keep_for_review(
        self, connection: Connection, order: Order, wanted: Sequence[Wanted], assessment: Assessment
    ) -> Order:
        held = replace(
            order,
            status=OrderStatus.REVIEW,
            review_id=assessment.review_id,
            reasons=assessment.reasons,
        )
        self.tell(held)
        self.notify(held, held_notice(held))
        self._empty_cart(held)
        self.open(connection, held, wanted, until=held.created_at + REVIEW_KEPT)
        return held

    def begun(self, order: Order) -> Payment | None:
        begun = self._rooms.payments.charges.by_key(order.key)
        return None if begun is None else begun[0]

    def pay(self, connection: Connection, order: Order) -> Order:
        """For a customer who waits: a refusal gives the order up, and is raised for them to hear."""
        try:
            return self._pay(connection, order)
        except GatewayTimeout:
            raise
        except ShopError:
            self._give_up(order)
            raise

    def pay_unasked(self, connection: Connection, order: Order) -> Order:
        """For one who has left: they are told of a refusal by a notice."""
        try:
            return self._pay(connection, order)
        except GatewayTimeout:
            raise
        except ShopError as refusal:
            return self.give_up(order, why=str(refusal))

    def settle_held(
        self, connection: Connection, order: Order, payment: Payment, *, by: str, accept: bool
    ) -> Order:
        settled = self._rooms.payments.held.decide(payment.id, accept=accept, by=by)
        if settled.status is PaymentStatus.APPROVED:
            return self.pay_unasked(connection, order)
        return self.refuse(connection, order)

    def refuse(self, connection: Connection, order: Order) -> Order:
        """What the person who looked at it decided."""
        refused = replace(order, status=OrderStatus.REFUSED, updated_at=self._now())
        store.move(connection, refused)
        self.tell(refused)
        self.notify(refused, failed_notice(refused, why=REFUSED, returned=Money(0)))
        self._let_go(refused)
        return refused

    def give_up(self, order: Order, *, why: str) -> Order:
        """Also tell the customer, who has left. Commits by itself."""
        payment = self.begun(order)
        returned = payment.amount if payment is not None and payment.is_taken else Money(0)
        return self._give_up(order, failed_notice(order, why=why, returned=returned))

    def tell(self, order: Order) -> None:
        self._outbox.append("orders", order_fact(order), customer_id=order.customer_id)

    def notify(self, order: Order, notice: dict[str, object]) -> None:
        event_id = f"ntc_{notice['template']}_{order.id}"
        self._outbox.append("notices", notice, customer_id=order.customer_id, event_id=event_id)

    def take_back_gift(self, order: Order) -> None:
        """The period's gift is due again."""
        if order.has_gift:
            self._rooms.benefits.take_back_gift(order.customer_id, order_id=order.id)

    def _pay(self, connection: Connection, order: Order) -> Order:
        description = f"Order {order.id}"
        try:
            payment = self._rooms.payments.charges.charge(
                order.customer_id, amount=order.totals.total, description=description, key=order.key
            )
        except PaymentHeld:
            return self._hold(connection, order)
        return self._book(connection, order, payment)

    def _give_up(self, order: Order, notice: dict[str, object] | None = None) -> Order:
        """Return what was charged, and let others have the goods. Commits by itself."""
        self._rooms.payments.refunds.refund_undelivered(order.key, reason="the order was not booked")
        failed = replace(order, status=OrderStatus.FAILED, updated_at=self._now())
        with self._ledger.separately() as connection:
            if store.move(connection, failed):
                if order.status is OrderStatus.REVIEW:
                    self.tell(failed)
                if notice is not None:
                    self.notify(failed, notice)
                self._let_go(failed)
        return failed

    def _let_go(self, order: Order) -> None:
        self.take_back_gift(order)
        self._rooms.inventory.release(order.key)

    def _book(self, connection: Connection, order: Order, payment: Payment) -> Order:
        """In a savepoint: a refusal lets go of every row before the money is returned. Stock comes last."""
        paid = replace(order, status=OrderStatus.PAID, payment_id=payment.id, updated_at=self._now())
        with connection.begin_nested():
            if not store.move(connection, paid):
                raise OrderFailed
            self._rooms.payments.charges.mark_delivered(payment)
            self.tell(paid)
            self._outbox.append("purchases", purchase_fact(paid), customer_id=paid.customer_id)
            self.notify(paid, receipt(paid))
            self._empty_cart(paid)
            self._take(paid)
        return paid

    def _take(self, order: Order) -> None:
        """The goods from the shelf; should their reservation have lapsed, if they are still there."""
        inventory = self._rooms.inventory
        if not inventory.confirm(order.key):
            products = inventory.many(list(order.quantities))
            wanted = [Wanted(products[each], count) for each, count in order.quantities.items()]
            inventory.reserve(wanted, key=order.key, until=self._now() + STOCK_KEPT)
            inventory.confirm(order.key)

    def _hold(self, connection: Connection, order: Order) -> Order:
        """The gateway has the charge looked at."""
        payment = self.begun(order)
        paid_by = None if payment is None else payment.id
        held = replace(order, status=OrderStatus.REVIEW, payment_id=paid_by, updated_at=self._now())
        store.move(connection, held)
        self.tell(held)
        self.notify(held, held_notice(held))
        self._empty_cart(held)
        self._rooms.inventory.keep(order.key, until=held.updated_at + REVIEW_KEPT)
        return held

    def _empty_cart(self, order: Order) -> None:
        if order.from_cart:
            self._rooms.carts.take(order.customer_id, [line.product_id for line in order.lines])
