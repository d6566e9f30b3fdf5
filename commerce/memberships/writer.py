"""Writes a membership: the row, the record of the change, the event, and the notice to the customer."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from commerce.memberships import store
from commerce.memberships.events import MembershipRow, PeriodPaid
from commerce.memberships.models import (
    PLANS,
    ChangeKind,
    Membership,
    MembershipStatus,
    Tier,
    next_period,
    next_step_at,
)
from commerce.memberships.notices import (
    DowngradedNotice,
    MembershipEndedNotice,
    MembershipNotice,
    MembershipReceiptNotice,
)
from foundation.clock import Calendar
from foundation.crypto import DataKeys
from foundation.ids import new_id
from foundation.money import Money
from foundation.outbox import Outbox

REASON = "memberships.cancel_reason"


@dataclass(frozen=True)
class Paid:
    """What was taken for a change, and by which payment."""

    amount: Money
    payment_id: str | None = None


class MembershipWriter:
    """Every method runs in the caller's transaction, which holds the customer."""

    def __init__(self, outbox: Outbox, keys: DataKeys, calendar: Calendar) -> None:
        self.outbox = outbox
        self.calendar = calendar
        self._keys = keys

    @property
    def now(self) -> datetime:
        return self.calendar.now()

    def write(
        self,
        connection: Connection,
        membership: Membership,
        *,
        kind: ChangeKind,
        key: str,
        before: Membership | None = None,
        paid: Paid | None = None,
    ) -> str:
        """The id of the change."""
        at = self.now
        store.save(connection, membership, due_at=next_step_at(membership, self.calendar.zone), at=at)
        self.outbox.publish(_row(membership, at), customer_id=membership.customer_id)
        paid = paid or Paid(Money(0, membership.price.currency))
        change_id = new_id("chg")
        row = {
            "id": change_id,
            "key": key,
            "membership_id": membership.id,
            "kind": kind,
            "from_tier": before.tier if before else None,
            "to_tier": _reached(membership, kind),
            "amount_cents": paid.amount.cents,
            "currency": paid.amount.currency,
            "payment_id": paid.payment_id,
            "at": at,
        }
        store.add_change(connection, row)
        return change_id

    def notify(self, membership: Membership, notice: MembershipNotice, change_id: str) -> None:
        """Publish the notice, once for the change."""
        event_id = f"ntc_{notice.template}_{change_id}"
        self.outbox.publish(notice, customer_id=membership.customer_id, event_id=event_id)

    def begin_period(self, connection: Connection, membership: Membership, paid: Paid) -> None:
        """A period is paid: book it, and let what it brings be issued."""
        store.add_period(
            connection,
            {
                "membership_id": membership.id,
                "number": membership.period,
                "tier": membership.tier,
                "starts_at": membership.period_start,
                "ends_at": membership.period_end,
                "amount_cents": paid.amount.cents,
                "currency": paid.amount.currency,
                "payment_id": paid.payment_id,
                "paid_at": self.now,
            },
        )
        period = PeriodPaid(
            membership_id=membership.id,
            customer_id=membership.customer_id,
            tier=membership.tier,
            period=membership.period,
            period_start=membership.period_start,
            period_end=membership.period_end,
        )
        event_id = f"evt_period_{membership.id}_{membership.period}"
        self.outbox.publish(period, customer_id=membership.customer_id, event_id=event_id)

    def renew(
        self, connection: Connection, membership: Membership, *, paid: Paid, key: str, at: datetime
    ) -> Membership:
        """The next period was paid at that moment; a planned downgrade takes effect with it."""
        renewed = self._renewed(membership, paid, at)
        kind = ChangeKind.DOWNGRADED if membership.planned_tier else ChangeKind.RENEWED
        change_id = self.write(connection, renewed, kind=kind, key=key, before=membership, paid=paid)
        self.begin_period(connection, renewed, paid)
        if membership.planned_tier:
            self.notify(renewed, _downgraded(renewed, membership.tier), change_id)
        self.notify(renewed, _receipt(renewed, paid), change_id)
        return renewed

    def end(self, connection: Connection, membership: Membership, *, why: str, key: str) -> Membership:
        """Nothing is left of it."""
        at = self.now
        ended = replace(
            membership,
            status=MembershipStatus.CANCELLED,
            cancelled_at=membership.cancelled_at or at,
            ended_at=at,
            planned_tier=None,
        )
        change_id = self.write(connection, ended, kind=ChangeKind.ENDED, key=key, before=membership)
        notice = MembershipEndedNotice(about=ended.id, tier=ended.tier, why=why, ended_at=at)
        self.notify(ended, notice, change_id)
        return ended

    def sealed(self, customer_id: str, reason: str) -> str | None:
        return self._keys.seal(customer_id, reason, context=REASON) if reason else None

    def reason(self, membership: Membership) -> str | None:
        """Why the customer left, in their words."""
        sealed = membership.cancel_reason_sealed
        return self._keys.open(membership.customer_id, sealed, context=REASON) if sealed else None

    def _renewed(self, membership: Membership, paid: Paid, at: datetime) -> Membership:
        anchor, start, end = next_period(membership, at=at, zone=self.calendar.zone)
        tier = membership.next_tier
        return replace(
            membership,
            tier=tier,
            price=membership.next_price,
            percent=membership.percent if tier is membership.tier else PLANS[tier].percent,
            status=MembershipStatus.ACTIVE,
            anchor_at=anchor,
            period=membership.period + 1,
            period_start=start,
            period_end=end,
            payment_id=paid.payment_id,
            planned_tier=None,
            failed_at=None,
            retries=0,
        )


def _reached(membership: Membership, kind: ChangeKind) -> str:
    return membership.next_tier if kind is ChangeKind.DOWNGRADE_PLANNED else membership.tier


def _downgraded(membership: Membership, before: Tier) -> DowngradedNotice:
    return DowngradedNotice(
        about=membership.id,
        tier=membership.tier,
        from_tier=before,
        price_cents=membership.price.cents,
        discount_percent=membership.percent,
    )


def _receipt(membership: Membership, paid: Paid) -> MembershipReceiptNotice:
    return MembershipReceiptNotice(
        about=membership.id,
        tier=membership.tier,
        amount_cents=paid.amount.cents,
        payment_id=paid.payment_id,
        period_start=membership.period_start,
        period_end=membership.period_end,
    )


def _row(membership: Membership, at: datetime) -> MembershipRow:
    return MembershipRow(
        id=membership.id,
        customer_id=membership.customer_id,
        tier=membership.tier,
        status=membership.status,
        price_cents=membership.price.cents,
        discount_percent=membership.percent,
        payment_id=membership.payment_id,
        started_at=membership.started_at,
        next_billing_at=membership.next_billing_at,
        cancelled_at=membership.cancelled_at,
        cancel_reason=membership.cancel_reason_sealed,
        created_at=membership.started_at,
        updated_at=at,
    )
