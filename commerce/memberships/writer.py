"""Writes a membership: the row, the record of the change, the event, and the notice to the customer."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from commerce.memberships import store
from commerce.memberships.models import (
    PLANS,
    ChangeKind,
    Membership,
    MembershipStatus,
    next_period,
    next_step_at,
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
        self.outbox.append("memberships", _fact(membership, at), customer_id=membership.customer_id)
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

    def notify(self, membership: Membership, template: str, change_id: str, **fields: object) -> None:
        """A notice to the customer, once for the change."""
        payload = {"template": template, "about": membership.id, "tier": membership.tier, **fields}
        self.outbox.append(
            "notices",
            payload,
            customer_id=membership.customer_id,
            event_id=f"ntc_{template}_{change_id}",
        )

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
        payload = {
            "membership_id": membership.id,
            "customer_id": membership.customer_id,
            "tier": membership.tier,
            "period": membership.period,
            "period_start": membership.period_start.isoformat(),
            "period_end": membership.period_end.isoformat(),
        }
        self.outbox.append(
            "membership_periods",
            payload,
            customer_id=membership.customer_id,
            event_id=f"evt_period_{membership.id}_{membership.period}",
        )

    def renew(
        self, connection: Connection, membership: Membership, *, paid: Paid, key: str, at: datetime
    ) -> Membership:
        """The next period was paid at that moment; a planned downgrade takes effect with it."""
        renewed = self._renewed(membership, paid, at)
        kind = ChangeKind.DOWNGRADED if membership.planned_tier else ChangeKind.RENEWED
        change_id = self.write(connection, renewed, kind=kind, key=key, before=membership, paid=paid)
        self.begin_period(connection, renewed, paid)
        if membership.planned_tier:
            self.notify(
                renewed,
                "downgraded",
                change_id,
                from_tier=membership.tier,
                price_cents=renewed.price.cents,
                discount_percent=renewed.percent,
            )
        self.notify(
            renewed,
            "membership_receipt",
            change_id,
            amount_cents=paid.amount.cents,
            payment_id=paid.payment_id,
            period_start=renewed.period_start.isoformat(),
            period_end=renewed.period_end.isoformat(),
        )
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
        self.notify(ended, "membership_ended", change_id, why=why, ended_at=at.isoformat())
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


def _fact(membership: Membership, at: datetime) -> dict[str, Any]:
    """The membership as the warehouse knows it."""
    due, left = membership.next_billing_at, membership.cancelled_at
    return {
        "id": membership.id,
        "customer_id": membership.customer_id,
        "tier": membership.tier,
        "status": membership.status,
        "price_cents": membership.price.cents,
        "discount_percent": membership.percent,
        "payment_id": membership.payment_id,
        "started_at": membership.started_at.isoformat(),
        "next_billing_at": due.isoformat() if due else None,
        "cancelled_at": left.isoformat() if left else None,
        "cancel_reason": membership.cancel_reason_sealed,
        "created_at": membership.started_at.isoformat(),
        "updated_at": at.isoformat(),
    }
