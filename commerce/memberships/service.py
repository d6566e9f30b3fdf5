"""Join, cancel and reactivate a membership; and what it is worth today."""

from dataclasses import replace

from sqlalchemy import Connection

from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.memberships import store
from commerce.memberships.lookups import OPEN, already_changed, current_membership
from commerce.memberships.models import (
    PLANS,
    ChangeKind,
    Discount,
    Entitlements,
    Grant,
    Membership,
    MembershipStatus,
    Quote,
    ReactivationQuote,
    Tier,
    discount,
    entitlements_of,
)
from commerce.memberships.notices import CancelledNotice, ReactivatedNotice, welcome_notice
from commerce.memberships.periods import end_of_period
from commerce.memberships.refusals import (
    AlreadyMember,
    NotAMember,
    NothingToReactivate,
    PaymentOpen,
    StillRunning,
)
from commerce.memberships.tiers import TierChanges
from commerce.memberships.writer import MembershipWriter, Paid
from commerce.payments.models import Payment
from commerce.payments.service import Payments
from foundation.ids import new_id
from foundation.money import Money
from foundation.sql import Ledger

COMEBACKS = (ChangeKind.REACTIVATED, ChangeKind.SUBSCRIBED, ChangeKind.RENEWED, ChangeKind.DOWNGRADED)
SUBSCRIBE, REACTIVATE = "subscribe", "reactivate"
"""What a payment is for, as `HeldMemberships` reads it."""


class Memberships:
    """The same key changes a membership once, and gives it back as it then is."""

    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        ages: AgeVerification,
        payments: Payments,
        writer: MembershipWriter,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._ages = ages
        self._payments = payments
        self._writer = writer
        self.tiers = TierChanges(ledger, customers, payments, writer)

    def quote(self, customer_id: str, *, tier: Tier, key: str = "") -> Quote:
        """What joining would cost; raises a refusal if the customer cannot join.

        When a charge is under way for the key, it is what that was begun with.
        """
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            begun = self._payments.charges.by_key(key)
            if begun is not None:
                payment, card = begun
                at = payment.created_at
            else:
                self._refuse_second(connection, customer_id)
                self._ages.require(customer_id)
                card, at = self._payments.cards.default(customer_id), self._writer.now
            ends_at = end_of_period(at, at, self._writer.calendar.zone)
            return Quote(PLANS[tier], str(card), at, ends_at)

    def subscribe(self, customer_id: str, *, tier: Tier, key: str) -> Membership:
        """Charge the first month and join."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            done = already_changed(connection, key, ChangeKind.SUBSCRIBED)
            if done is not None:
                return done
            self._refuse_second(connection, customer_id)
            self._ages.require(customer_id)
            self._close_what_is_over(connection, customer_id)
            plan = PLANS[tier]
            payment = self._payments.charges.charge(
                customer_id,
                amount=plan.price,
                description=f"{tier.label} membership",
                key=key,
                purpose=f"{SUBSCRIBE}:{tier}",
            )
            return self._begin(connection, customer_id, tier=tier, payment=payment)

    def cancel(self, customer_id: str, *, reason: str = "", key: str) -> Membership:
        """Leave: what is paid stays to the period's end, nothing is charged again."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            done = already_changed(connection, key, ChangeKind.CANCELLED)
            if done is not None:
                return done
            before = self.cancellable(customer_id)
            at = self._writer.now
            left = replace(
                before,
                status=MembershipStatus.CANCELLED,
                cancelled_at=at,
                cancel_reason_sealed=self._writer.sealed(customer_id, reason),
                ended_at=None if before.status is MembershipStatus.ACTIVE and at < before.period_end else at,
                planned_tier=None,
                failed_at=None,
                retries=0,
            )
            change_id = self._writer.write(
                connection, left, kind=ChangeKind.CANCELLED, key=key, before=before
            )
            ends_at = left.ended_at or left.period_end
            notice = CancelledNotice(about=left.id, tier=left.tier, ends_at=ends_at)
            self._writer.notify(left, notice, change_id)
            return left

    def cancellable(self, customer_id: str) -> Membership:
        """The membership that could be cancelled, also when it is not paid."""
        membership = self.status(customer_id)
        if membership is None:
            raise NotAMember
        if membership.status is MembershipStatus.CANCELLED:
            raise StillRunning(membership, self._writer.calendar.day(membership.period_end))
        return membership

    def quote_reactivation(self, customer_id: str, *, key: str = "") -> ReactivationQuote:
        """What coming back would cost: nothing while the cancelled membership still runs."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            membership = self._reactivable(connection, customer_id)
            now, zone = self._writer.now, self._writer.calendar.zone
            if membership.is_over(now):
                quote = self.quote(customer_id, tier=membership.tier, key=key)
                return ReactivationQuote(quote.plan, quote.card, quote.plan.price, quote.next_billing_at)
            self._ages.require(customer_id)
            card, plan = str(self._payments.cards.default(customer_id)), PLANS[membership.next_tier]
            if membership.status is MembershipStatus.CANCELLED:
                return ReactivationQuote(plan, card, Money(0), membership.period_end)
            return ReactivationQuote(plan, card, membership.next_price, end_of_period(now, now, zone))

    def reactivate(self, customer_id: str, *, key: str) -> Membership:
        """Come back: what still runs goes on, an unpaid one is paid, an ended one begins anew."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            done = already_changed(connection, key, *COMEBACKS)
            if done is not None:
                return done
            membership = self._reactivable(connection, customer_id)
            if membership.is_over(self._writer.now):
                return self.subscribe(customer_id, tier=membership.tier, key=key)
            if membership.status in OPEN:
                return self._pay_now(connection, membership, key=key)
            self.quote_reactivation(customer_id)
            return self._go_on(connection, membership, key=key)

    def status(self, customer_id: str) -> Membership | None:
        """The customer's membership, paid or not, until it is over."""
        with self._ledger.autocommit() as connection:
            return current_membership(connection, customer_id, at=self._writer.now)

    def entitlements(self, customer_id: str) -> Entitlements:
        """What the customer's membership entitles them to, now."""
        with self._ledger.autocommit() as connection:
            membership, given = store.current_with_gift(connection, customer_id)
        return entitlements_of(membership, gift_given=given, at=self._writer.now)

    def discount(self, customer_id: str, *, subtotal: Money) -> Discount:
        membership = self.status(customer_id)
        has_benefits = membership is not None and membership.has_benefits(self._writer.now)
        return discount(membership if has_benefits else None, subtotal)

    def granted(self, customer_id: str) -> list[Grant]:
        """What memberships have brought this customer, the latest first."""
        with self._ledger.autocommit() as connection:
            return store.grants_of(connection, customer_id)

    def cancel_reason(self, membership: Membership) -> str | None:
        """Why the customer left, in their words."""
        return self._writer.reason(membership)

    def _refuse_second(self, connection: Connection, customer_id: str) -> None:
        membership = current_membership(connection, customer_id, at=self._writer.now)
        if membership is None:
            return
        if membership.status is MembershipStatus.CANCELLED:
            raise StillRunning(membership, self._writer.calendar.day(membership.period_end))
        raise PaymentOpen(membership) if membership.status in OPEN else AlreadyMember(membership)

    def _close_what_is_over(self, connection: Connection, customer_id: str) -> None:
        membership = store.current(connection, customer_id)
        if membership is not None:
            self._writer.end(connection, membership, why="cancelled", key=f"{membership.id}:ended")

    def _reactivable(self, connection: Connection, customer_id: str) -> Membership:
        membership = store.latest(connection, customer_id)
        if membership is None or membership.status is MembershipStatus.ACTIVE:
            raise NothingToReactivate(membership)
        return membership

    def _begin(self, connection: Connection, customer_id: str, *, tier: Tier, payment: Payment) -> Membership:
        now, plan = self._writer.now, PLANS[tier]
        membership = Membership(
            id=new_id("mem"),
            customer_id=customer_id,
            tier=tier,
            status=MembershipStatus.ACTIVE,
            price=plan.price,
            percent=plan.percent,
            started_at=now,
            anchor_at=now,
            period=1,
            period_start=now,
            period_end=end_of_period(now, now, self._writer.calendar.zone),
            payment_id=payment.id,
        )
        paid = Paid(payment.amount, payment.id)
        change_id = self._writer.write(
            connection, membership, kind=ChangeKind.SUBSCRIBED, key=payment.key, paid=paid
        )
        self._writer.begin_period(connection, membership, paid)
        self._payments.charges.mark_delivered(payment)
        self._writer.notify(membership, welcome_notice(membership, plan, paid=payment.amount), change_id)
        return membership

    def _pay_now(self, connection: Connection, membership: Membership, *, key: str) -> Membership:
        payment = self._payments.charges.charge(
            membership.customer_id,
            amount=membership.next_price,
            description=f"{membership.next_tier.label} membership",
            key=key,
            purpose=REACTIVATE,
        )
        paid = Paid(payment.amount, payment.id)
        renewed = self._writer.renew(connection, membership, paid=paid, key=key, at=self._writer.now)
        self._payments.charges.mark_delivered(payment)
        return renewed

    def _go_on(self, connection: Connection, membership: Membership, *, key: str) -> Membership:
        active = replace(
            membership, status=MembershipStatus.ACTIVE, cancelled_at=None, cancel_reason_sealed=None
        )
        change_id = self._writer.write(
            connection, active, kind=ChangeKind.REACTIVATED, key=key, before=membership
        )
        notice = ReactivatedNotice(about=active.id, tier=active.tier, next_billing_at=active.period_end)
        self._writer.notify(active, notice, change_id)
        return active
