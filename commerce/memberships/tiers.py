"""Change the tier of a membership: upgrade at once, downgrade at the period's end, or keep it after all."""

from dataclasses import replace

from sqlalchemy import Connection

from commerce.customers.service import Customers
from commerce.memberships.lookups import OPEN, already_changed, current_membership
from commerce.memberships.models import (
    PLANS,
    ChangeKind,
    Membership,
    MembershipStatus,
    Tier,
    UpgradeQuote,
    upgrade_price,
)
from commerce.memberships.notices import DowngradePlannedNotice, upgraded_notice
from commerce.memberships.periods import days_left
from commerce.memberships.refusals import (
    AlreadyMember,
    NoDowngradePlanned,
    NotADowngrade,
    NotAMember,
    NotAnUpgrade,
    PaymentOpen,
    RenewalUnderWay,
    StillRunning,
)
from commerce.memberships.writer import MembershipWriter, Paid
from commerce.payments.service import Payments
from foundation.sql import Ledger

UPGRADE = "upgrade"
"""What a payment is for, as `HeldMemberships` reads it."""


class TierChanges:
    """The same key changes a membership once, and gives it back as it then is."""

    def __init__(
        self, ledger: Ledger, customers: Customers, payments: Payments, writer: MembershipWriter
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._payments = payments
        self._writer = writer

    def quote_upgrade(self, customer_id: str, *, tier: Tier, key: str = "") -> UpgradeQuote:
        """What the better membership would cost; of a charge under way, what it was begun with."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            return self._upgrade(connection, customer_id, tier, key)

    def upgrade(self, customer_id: str, *, tier: Tier, key: str) -> Membership:
        """Charge the difference for the rest of the period, which ends when it would have."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            done = already_changed(connection, key, ChangeKind.UPGRADED)
            if done is not None:
                return done
            quote = self._upgrade(connection, customer_id, tier, key)
            before, plan = quote.membership, quote.plan
            payment = self._payments.charges.charge(
                customer_id,
                amount=quote.due_now,
                description=f"Upgrade to {tier.label}",
                key=key,
                purpose=f"{UPGRADE}:{tier}",
            )
            upgraded = replace(before, tier=tier, price=plan.price, percent=plan.percent, planned_tier=None)
            paid = Paid(payment.amount, payment.id)
            change_id = self._writer.write(
                connection, upgraded, kind=ChangeKind.UPGRADED, key=key, before=before, paid=paid
            )
            self._payments.charges.mark_delivered(payment)
            notice = upgraded_notice(upgraded, plan, from_tier=before.tier, paid=payment.amount)
            self._writer.notify(upgraded, notice, change_id)
            return upgraded

    def quote_downgrade(self, customer_id: str, *, tier: Tier) -> Membership:
        """The membership that would be downgraded at its period's end."""
        with self._ledger.transaction() as connection:
            membership = self._changeable(connection, customer_id)
            if PLANS[tier].price >= membership.price:
                raise NotADowngrade(membership.tier, tier)
            return membership

    def downgrade(self, customer_id: str, *, tier: Tier, key: str) -> Membership:
        """Plan the smaller membership for the period's end; until then nothing changes."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            done = already_changed(connection, key, ChangeKind.DOWNGRADE_PLANNED)
            if done is not None:
                return done
            before = self.quote_downgrade(customer_id, tier=tier)
            planned = replace(before, planned_tier=tier)
            change_id = self._writer.write(
                connection, planned, kind=ChangeKind.DOWNGRADE_PLANNED, key=key, before=before
            )
            notice = DowngradePlannedNotice(
                about=planned.id,
                tier=planned.tier,
                planned_tier=tier,
                price_cents=planned.next_price.cents,
                period_end=planned.period_end,
            )
            self._writer.notify(planned, notice, change_id)
            return planned

    def planned_downgrade(self, customer_id: str) -> Membership:
        """The membership whose downgrade could be taken back."""
        with self._ledger.transaction() as connection:
            membership = self._changeable(connection, customer_id)
        if membership.planned_tier is None:
            raise NoDowngradePlanned
        return membership

    def keep(self, customer_id: str, *, key: str) -> Membership:
        """Take back a downgrade that was planned."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            done = already_changed(connection, key, ChangeKind.DOWNGRADE_WITHDRAWN)
            if done is not None:
                return done
            before = self.planned_downgrade(customer_id)
            kept = replace(before, planned_tier=None)
            self._writer.write(connection, kept, kind=ChangeKind.DOWNGRADE_WITHDRAWN, key=key, before=before)
            return kept

    def _changeable(self, connection: Connection, customer_id: str) -> Membership:
        """A membership that is paid and runs on."""
        membership = current_membership(connection, customer_id, at=self._writer.now)
        if membership is None:
            raise NotAMember
        if membership.status is MembershipStatus.CANCELLED:
            raise StillRunning(membership, self._writer.calendar.day(membership.period_end))
        if membership.status in OPEN:
            raise PaymentOpen(membership)
        if self._writer.now >= membership.period_end:
            raise RenewalUnderWay
        return membership

    def _upgrade(self, connection: Connection, customer_id: str, tier: Tier, key: str) -> UpgradeQuote:
        membership, zone = self._changeable(connection, customer_id), self._writer.calendar.zone
        if tier is membership.tier:
            raise AlreadyMember(membership)
        if PLANS[tier].price <= membership.price:
            raise NotAnUpgrade(membership.tier, tier)
        begun = self._payments.charges.by_key(key)
        at = begun[0].created_at if begun else self._writer.now
        left, whole = days_left(membership.period_start, membership.period_end, at, zone)
        amount = begun[0].amount if begun else upgrade_price(membership, tier, left=left, whole=whole)
        card = begun[1] if begun else self._payments.cards.default(customer_id)
        return UpgradeQuote(membership, PLANS[tier], str(card), amount, left)
