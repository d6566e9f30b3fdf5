"""Join, and know what a membership is worth today."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.memberships import store
from commerce.memberships.models import (
    PLANS,
    AlreadyMember,
    Discount,
    Membership,
    MembershipStatus,
    Quote,
    Tier,
    discount,
    next_month,
)
from commerce.payments.models import Card, Payment
from commerce.payments.service import Payments
from foundation.clock import Calendar
from foundation.ids import new_id
from foundation.money import Money
from foundation.outbox import Outbox
from foundation.sql import Ledger


class Memberships:
    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        ages: AgeVerification,
        payments: Payments,
        outbox: Outbox,
        calendar: Calendar,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._ages = ages
        self._payments = payments
        self._outbox = outbox
        self._calendar = calendar

    def quote(self, customer_id: str, *, tier: Tier, key: str = "") -> Quote:
        """What joining would cost; whatever stands in the way is raised as a refusal.

        When a charge is under way for the key, it is what that was begun with.
        """
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            begun = self._payments.begun(key)
            if begun is None:
                return self._quote(connection, customer_id, tier)
            payment, card = begun
            return self._quoted(tier, card, at=payment.created_at)

    def subscribe(self, customer_id: str, *, tier: Tier, key: str) -> Membership:
        """Charge the first month and join; the same key joins once."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            known = store.by_key(connection, key)
            if known is not None:
                return known
            quote = self._quote(connection, customer_id, tier)
            payment = self._payments.charge(
                customer_id, amount=quote.plan.price, description=f"{tier.label} membership", key=key
            )
            membership = _membership(customer_id, quote, payment=payment)
            store.add(connection, membership, key=key)
            self._payments.deliver(payment)
            self._outbox.append("memberships", _fact(membership), customer_id=customer_id)
            return membership

    def status(self, customer_id: str) -> Membership | None:
        """The active membership, if there is one."""
        with self._ledger.at_once() as connection:
            return store.active(connection, customer_id)

    def discount(self, customer_id: str, *, subtotal: Money) -> Discount:
        return discount(self.status(customer_id), subtotal)

    def _quote(self, connection: Connection, customer_id: str, tier: Tier) -> Quote:
        current = store.active(connection, customer_id)
        if current is not None:
            raise AlreadyMember(current)
        self._ages.require(customer_id)
        return self._quoted(tier, self._payments.default_card(customer_id), at=self._calendar.now())

    def _quoted(self, tier: Tier, card: Card, *, at: datetime) -> Quote:
        return Quote(PLANS[tier], str(card), at, next_month(at, self._calendar.zone))


def _membership(customer_id: str, quote: Quote, *, payment: Payment) -> Membership:
    return Membership(
        id=new_id("mem"),
        customer_id=customer_id,
        tier=quote.plan.tier,
        status=MembershipStatus.ACTIVE,
        price=quote.plan.price,
        percent=quote.plan.percent,
        started_at=quote.starts_at,
        next_billing_at=quote.next_billing_at,
        payment_id=payment.id,
    )


def _fact(membership: Membership) -> dict[str, Any]:
    """The membership as the warehouse knows it."""
    started_at = membership.started_at.isoformat()
    return {
        "id": membership.id,
        "customer_id": membership.customer_id,
        "tier": membership.tier,
        "status": membership.status,
        "price_cents": membership.price.cents,
        "discount_percent": membership.percent,
        "payment_id": membership.payment_id,
        "started_at": started_at,
        "next_billing_at": membership.next_billing_at.isoformat(),
        "created_at": started_at,
        "updated_at": started_at,
    }
