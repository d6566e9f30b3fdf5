"""Record what other systems report: conversations, and purchases at a cash register."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from foundation.clock import Calendar
from foundation.errors import Conflict, Invalid, NotFound
from foundation.outbox import Outbox
from foundation.sql import Ledger
from memory.conversations.models import Interaction
from memory.engine import MemoryEngine
from memory.ports import ReferencePort
from memory.predictions.events import PurchaseRow
from memory.predictions.purchases import Purchase
from memory.predictions.service import Predictions
from memory.profiles.store import ProfileStore

SKEW = timedelta(minutes=5)
"""How far another clock may be ahead of ours."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class NoSuchCustomer(NotFound):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"Unknown customer id: {customer_id}.", {"customer_id": customer_id})


class NoSuchProducts(Invalid):
    def __init__(self, product_ids: Collection[str]) -> None:
        named = ", ".join(sorted(product_ids))
        super().__init__(f"Unknown product id: {named}.", {"field": "products"})


class NotOfOurTime(Invalid):
    def __init__(self, record_id: str) -> None:
        expected = f"a time between {EARLIEST.date()} and now"
        super().__init__(
            f"`timestamp` must lie between {EARLIEST.date()} and now.",
            {"field": "timestamp", "expected": expected, "id": record_id},
        )


class PurchaseConflict(Conflict):
    def __init__(self, order_id: str) -> None:
        super().__init__("Another purchase has been recorded under this id.", {"order_id": order_id})


class NoSuchPurchase(NotFound):
    def __init__(self) -> None:
        super().__init__(
            "No such purchase was recorded for this customer; the shop's own orders are cancelled."
        )


class Recording:
    def __init__(
        self,
        ledger: Ledger,
        outbox: Outbox,
        memory: MemoryEngine,
        predictions: Predictions,
        reference: ReferencePort,
        *,
        calendar: Calendar,
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._memory = memory
        self._predictions = predictions
        self._reference = reference
        self._profiles = ProfileStore(ledger)
        self._calendar = calendar

    def interactions(self, reported: Sequence[Interaction]) -> int:
        """Store them, all or none; how many were new. Nothing is stored of an erased customer."""
        for each in reported:
            self._check_time(each.id, each.at)
        kept = self._storable({each.customer_id for each in reported})
        return self._memory.record([each for each in reported if each.customer_id in kept])

    def purchase(
        self,
        customer_id: str,
        *,
        order_id: str,
        at: datetime,
        amount_cents: int,
        products: Sequence[str],
        payment_method: str,
    ) -> bool:
        """Store and publish it as checkout does; False when it is known, or of an erased customer."""
        self._check_time(order_id, at)
        if unknown := set(products) - self._reference.products(set(products)):
            raise NoSuchProducts(unknown)
        if not self._storable({customer_id}):
            return False
        made = Purchase(order_id, customer_id, at, self._calendar.day(at), amount_cents, tuple(products))
        with self._ledger.transaction():
            is_new = self._predictions.remember(made)
            if self._reference.has_order(order_id) or self._predictions.purchase(order_id) != made:
                raise PurchaseConflict(order_id)
            if is_new:
                row = _row(made, payment_method)
                event_id = f"evt_{row.topic}_{order_id}"
                self._outbox.publish(row, customer_id=customer_id, event_id=event_id)
        return is_new

    def take_back(self, customer_id: str, order_id: str) -> None:
        """It was refunded where it was made; nothing is stored under its id any more."""
        with self._ledger.transaction():
            made = self._predictions.purchase(order_id)
            if made is None or made.customer_id != customer_id or self._reference.has_order(order_id):
                raise NoSuchPurchase
            self._predictions.take_back(order_id)

    def _check_time(self, record_id: str, at: datetime) -> None:
        if not EARLIEST <= at <= self._calendar.now() + SKEW:
            raise NotOfOurTime(record_id)

    def _storable(self, customer_ids: set[str]) -> set[str]:
        """Those of whom something may be stored.

        Raises:
            NoSuchCustomer: for an unknown customer; erased customers are left out.
        """
        known, forgotten = self._reference.customers(customer_ids), self._profiles.barred(customer_ids)
        if unknown := sorted(customer_ids - known - forgotten):
            raise NoSuchCustomer(unknown[0])
        return known - forgotten


def _row(made: Purchase, payment_method: str) -> PurchaseRow:
    return PurchaseRow(
        order_id=made.order_id,
        customer_id=made.customer_id,
        payment_method=payment_method,
        amount_cents=made.amount_cents,
        order_size=len(made.products),
        products=made.products,
        timestamp=made.at.astimezone(UTC),
    )
