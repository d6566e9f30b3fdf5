"""Place orders: stock is reserved, the card is charged once, and the order is booked with its events.

An order is written as pending, with its terms and its stock, before the card is charged; both commit
at once, so that rows of stock are never locked during a charge. What a crash leaves pending is
finished or given up by `finish_pending`. An order that looks like fraud, or that the gateway holds,
waits for a person with its stock reserved: it is charged, or the held charge accepted, only then.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from commerce.checkout import store
from commerce.checkout.booking import Booking, OrderDependencies
from commerce.checkout.drafting import CheckoutServices, Draft, Drafts
from commerce.checkout.facts import refund_notice
from commerce.checkout.models import (
    STOCK_KEPT,
    CartUnderWay,
    Order,
    OrderFailed,
    OrderNotFound,
    OrderStatus,
    OrderStatusConflict,
    PriceChanged,
    Quote,
    Request,
)
from commerce.fraud.events import FraudDecided
from commerce.fraud.models import PurchaseSeen, RequestFingerprint
from commerce.payments.models import KeyReused, PaymentStatus
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.keyset import Keyset
from foundation.outbox import Decoder, Event, Subscriber, Subscription

SUBSCRIPTION = Subscription("order_reviews", frozenset({FraudDecided.topic}))
PATIENCE = timedelta(minutes=1)
"""How long whoever placed an order has to finish it."""
NEVER_CHARGED = "It was interrupted before your card was charged."
UNDECIDED = (PaymentStatus.PENDING, PaymentStatus.HELD)
"""The gateway, or a person, has yet to say what becomes of the charge."""


class Checkout:
    def __init__(
        self, dependencies: OrderDependencies, services: CheckoutServices, drafts: Drafts, *, now: Clock
    ) -> None:
        self._ledger = dependencies.ledger
        self._fraud = dependencies.fraud
        self._booking = Booking(dependencies, services, now=now)
        self._services = services
        self._drafts = drafts
        self._now = now

    def quote(self, customer_id: str, *, request: Request, key: str = "") -> Quote:
        """What the order would cost; raises a refusal if it could not be placed.

        When an order is under way for the key, it is what that was begun with.
        """
        with self._ledger.transaction() as connection:
            known = store.by_key(connection, key) if key else None
            return known or self._draft(connection, customer_id, request).quote()

    def place(self, customer_id: str, *, request: Request, key: str) -> Order:
        """Charge and book, or have a person look at it first; the same key places one order."""
        with self._ledger.transaction() as connection:
            self._services.customers.lock(customer_id)
            known = store.by_key(connection, key)
            if known is not None:
                _refuse_another(known, customer_id, request)
                return self._go_on(connection, known)
            draft = self._draft(connection, customer_id, request)
            if request.expected not in (None, draft.priced.totals.total):
                raise PriceChanged(draft.priced.totals.total)
            order = _order(customer_id, request, draft, key=key, at=self._now())
            assessment = self._fraud.weigh(_purchase(order, draft, request.fingerprint))
            if assessment.decision == "review":
                return self._booking.keep_for_review(connection, order, draft.wanted, assessment)
            with self._ledger.new_transaction() as beside:
                self._booking.open(beside, order, draft.wanted, until=order.created_at + STOCK_KEPT)
            return self._booking.pay(connection, order)

    def orders(self, customer_id: str, *, limit: int = 50, after: Keyset | None = None) -> list[Order]:
        """The customer's own, the latest first."""
        with self._ledger.autocommit() as connection:
            return store.of_customer(connection, customer_id, limit=limit, after=after)

    def latest(
        self, *, status: OrderStatus | None = None, limit: int = 50, after: Keyset | None = None
    ) -> list[Order]:
        """Everybody's, for staff."""
        with self._ledger.autocommit() as connection:
            return store.latest(connection, status=status, limit=limit, after=after)

    def find(self, order_id: str, *, customer_id: str | None = None) -> Order:
        """Somebody else's order is not found when the customer is named."""
        with self._ledger.autocommit() as connection:
            order = store.find(connection, order_id)
        if order is None or customer_id not in (None, order.customer_id):
            raise OrderNotFound
        return order

    def decide(self, order_id: str, *, by: str, accept: bool) -> Order:
        """What a person found: charge and book an order that waits, or let it go. Twice is the same as once.

        A card that is declined now makes the order one that failed.
        """
        with self._ledger.transaction() as connection:
            order = self._locked(order_id)
            if order.status is not OrderStatus.REVIEW:
                return order
            payment = self._booking.begun(order)
            if payment is not None and payment.status is PaymentStatus.HELD:
                return self._booking.settle_held(connection, order, payment, by=by, accept=accept)
            if order.review_id is not None:
                self._fraud.decide(order.review_id, by=by, is_fraud=not accept)
            return self._end_review(connection, order, accept=accept)

    def subscriber(self) -> Subscriber[FraudDecided]:
        """For fraud reviews that were decided in the fraud queue."""
        return Subscriber(SUBSCRIPTION, self._handle, Decoder(FraudDecided))

    def cancel(self, order_id: str, *, reason: str) -> Order:
        """Refund a paid order in full and restock its goods. Twice is the same as once."""
        with self._ledger.transaction() as connection:
            order = self._locked(order_id)
            if order.status is OrderStatus.CANCELLED:
                return order
            if order.status is not OrderStatus.PAID or order.payment_id is None:
                raise OrderStatusConflict(order)
            refund = self._services.payments.refunds.refund(
                order.payment_id, reason=reason, key=f"{order.id}:cancel"
            )
            cancelled = replace(order, status=OrderStatus.CANCELLED, updated_at=self._now())
            store.cancel(connection, cancelled)
            self._booking.publish(cancelled)
            self._booking.notify(cancelled, refund_notice(cancelled, amount=refund.amount))
            self._booking.take_back_gift(cancelled)
            self._services.inventory.restock(order.quantities)
            return cancelled

    def close_account(self, customer_id: str) -> None:
        """The customer leaves for good.

        Raises:
            OrderStatusConflict: an order of theirs is neither booked nor given up.
        """
        for order in self.orders(customer_id, limit=1_000):
            if order.is_open:
                raise OrderStatusConflict(order)

    def finish_pending(self) -> int:
        """Book or give up what a crash or the gateway has left open; how many orders that were."""
        with self._ledger.autocommit() as connection:
            left = store.left_open(connection, before=self._now() - PATIENCE)
        return sum(self._finish(order) for order in left)

    def _handle(self, decisions: Sequence[Event[FraudDecided]]) -> None:
        for event in decisions:
            with self._ledger.transaction() as connection:
                order = store.by_review(connection, event.payload.review_id)
                if order is not None:
                    self._apply_review(connection, order.id, accept=not event.payload.is_fraud)

    def _apply_review(self, connection: Connection, order_id: str, *, accept: bool) -> None:
        """A charge that the gateway holds since is another question, for another look."""
        order = self._locked(order_id)
        payment = self._booking.begun(order)
        is_held = payment is not None and payment.status is PaymentStatus.HELD
        if order.status is OrderStatus.REVIEW and not is_held:
            self._end_review(connection, order, accept=accept)

    def _end_review(self, connection: Connection, order: Order, *, accept: bool) -> Order:
        end = self._booking.pay_unasked if accept else self._booking.refuse
        return end(connection, order)

    def _draft(self, connection: Connection, customer_id: str, request: Request) -> Draft:
        if request.takes_cart and store.is_cart_under_way(connection, customer_id):
            raise CartUnderWay
        return self._drafts.draft(customer_id, request)

    def _go_on(self, connection: Connection, order: Order) -> Order:
        if order.status is OrderStatus.PENDING:
            return self._booking.pay(connection, order)
        if order.status is OrderStatus.FAILED:
            raise OrderFailed
        return order

    def _finish(self, order: Order) -> bool:
        with self._ledger.transaction() as connection:
            current = self._locked(order.id)
            payment = self._booking.begun(order)
            if not current.is_open or (payment is not None and payment.status in UNDECIDED):
                return False
            if payment is None:
                self._booking.give_up(current, why=NEVER_CHARGED)
            else:
                self._booking.pay_unasked(connection, current)
            return True

    def _locked(self, order_id: str) -> Order:
        """The order, read again once no other process works on one of this customer."""
        customer_id = self.find(order_id).customer_id
        self._services.customers.lock(customer_id)
        return self.find(order_id)


def _order(customer_id: str, request: Request, draft: Draft, *, key: str, at: datetime) -> Order:
    return Order(
        id=new_id("ord"),
        key=key,
        customer_id=customer_id,
        status=OrderStatus.PENDING,
        state=draft.state,
        percent=draft.entitlements.percent,
        lines=draft.priced.lines,
        totals=draft.priced.totals,
        card_last_four=draft.card.last_four,
        source=request.source,
        from_cart=request.takes_cart,
        created_at=at,
        updated_at=at,
    )


def _purchase(order: Order, draft: Draft, fingerprint: RequestFingerprint) -> PurchaseSeen:
    return PurchaseSeen(
        customer_id=order.customer_id,
        amount=order.totals.total,
        kind="order",
        key=order.key,
        card_marks=draft.card.marks,
        is_card_unmistakable=draft.card.is_unmistakable,
        at=order.created_at,
        fingerprint=fingerprint,
    )


def _refuse_another(known: Order, customer_id: str, request: Request) -> None:
    asked: dict[str, int] = {}
    for product_id, quantity in request.items:
        asked[product_id] = asked.get(product_id, 0) + quantity
    bought = {line.product_id: line.quantity for line in known.lines if not line.is_gift}
    is_same = known.from_cart if request.takes_cart else asked == bought
    if known.customer_id != customer_id or not is_same:
        raise KeyReused
