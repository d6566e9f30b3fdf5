"""A membership's monthly payment: the gateway's subscription follows the ledger, and its charges are booked.

The subscription charges by itself; each charge it reports is booked once, however often it is reported.
What it fails to charge is collected here from the card on file, on fixed days, until it is paid or ends.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from commerce.customers.service import Customers
from commerce.memberships import store
from commerce.memberships.events import MembershipRow
from commerce.memberships.models import (
    LAST_DAY,
    RETRY_DAYS,
    ChangeKind,
    Membership,
    MembershipStatus,
    after_failure,
    is_for_next_period,
    next_step_at,
)
from commerce.memberships.notices import PaymentFailedNotice, SuspendedNotice
from commerce.memberships.periods import days_after
from commerce.memberships.store import Subscribed
from commerce.memberships.writer import MembershipWriter, Paid
from commerce.payments.models import (
    CardDeclined,
    NoCardOnFile,
    Payment,
    PaymentFailed,
    PaymentHeld,
    PaymentReturned,
    PaymentStatus,
    PaymentUnsettled,
    RecurringUnsettled,
    RefundRefused,
)
from commerce.payments.ports import RecurringCharge
from commerce.payments.service import Payments
from foundation.log import logger
from foundation.outbox import Decoder, Event, Subscriber, Subscription
from foundation.resilience import one_by_one
from foundation.sql import Ledger

SUBSCRIPTION = Subscription("billing", frozenset({MembershipRow.topic}))
REFUSED = (CardDeclined, NoCardOnFile, PaymentFailed, PaymentReturned)
UNDECIDED = (PaymentHeld, PaymentUnsettled, RecurringUnsettled)
"""Asked again under the same key, until the bank or our staff have decided."""
UNPAID = (MembershipStatus.ACTIVE, MembershipStatus.PAYMENT_FAILED)
log = logger(__name__)


class MembershipBilling:
    def __init__(
        self, ledger: Ledger, customers: Customers, payments: Payments, writer: MembershipWriter
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._payments = payments
        self._writer = writer

    def subscriber(self) -> Subscriber[MembershipRow]:
        return Subscriber(SUBSCRIPTION, self.follow, Decoder(MembershipRow))

    def follow(self, changes: Sequence[Event[MembershipRow]]) -> None:
        """Bring the gateway's subscriptions to what the memberships have become."""
        for event in changes:
            self.align(event.payload.id, key=event.id)

    def align(self, membership_id: str, *, key: str) -> None:
        """The gateway charges the next month of an active membership, and nothing of any other."""
        with self._ledger.transaction() as connection:
            store.hold_alignment(connection, membership_id)
            self._align(connection, store.find(connection, membership_id), key=key)

    def close_account(self, customer_id: str) -> None:
        """The customer leaves for good: their membership ends now, and the gateway charges nothing more."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            membership = store.current(connection, customer_id)
            if membership is not None:
                self._writer.end(connection, membership, why="left", key=f"left:{membership.id}")
        for membership_id in self._all_of(customer_id):
            self.align(membership_id, key=f"left:{membership_id}:plan")

    def collect(self) -> int:
        """Do what the calendar asks: missing payments, retries, ends; how many memberships it changed."""
        changed, place = 0, ""
        while due := self._due(place):
            place = due[-1]
            changed += one_by_one(self._take_step, due, failed="membership_not_collected")
        return changed

    def charged(self, charge: RecurringCharge) -> None:
        """The gateway has charged a month: book it, or give it back when there is no month to pay."""
        with self._ledger.transaction() as connection:
            membership = self._owner(connection, charge)
            payment = self._payments.charges.find(charge.payment_id)
            if membership is None:
                self._payments.subscriptions.stop(charge.recurring_id, key=f"{charge.recurring_id}:unknown")
            if payment.status is not PaymentStatus.APPROVED or store.is_booked(connection, payment.id):
                return
            if membership is None or not _is_wanted(membership, charge):
                log.warning("recurring_charge_returned", recurring_id=charge.recurring_id)
                self._payments.refunds.refund_undelivered(payment.key, reason="no month was left to pay")
                return
            self._give_back_excess(membership, payment)
            paid = Paid(payment.amount, payment.id)
            self._writer.renew(connection, membership, paid=paid, key=f"renewal:{payment.id}", at=charge.at)
            self._payments.charges.mark_delivered(payment)

    def failed(self, charge: RecurringCharge) -> None:
        """The gateway could not charge a month: from here on it is collected on our days."""
        with self._ledger.transaction() as connection:
            membership = self._owner(connection, charge)
            if membership is None or membership.status is not MembershipStatus.ACTIVE:
                return
            if is_for_next_period(membership, charge.at):
                self._book_failure(connection, membership)

    def ended(self, recurring_id: str, status: str) -> None:
        """The gateway has given a subscription up; an unpaid month is then found by the calendar."""
        log.info("recurring_ended", recurring_id=recurring_id, status=status)
        with self._ledger.transaction() as connection:
            store.end_recurring(connection, recurring_id, self._writer.now)

    def _due(self, place: str) -> Sequence[str]:
        with self._ledger.autocommit() as connection:
            return store.due(connection, self._writer.now, after=place)

    def _give_back_excess(self, membership: Membership, payment: Payment) -> None:
        """The gateway charges the old price of a membership that changed while it could not be reached.

        What that is beyond the month's price goes back; what it lacks is let go.
        """
        kept = payment.amount - payment.refunded
        if kept <= membership.next_price:
            return
        excess, key = kept - membership.next_price, f"renewal:{payment.id}:{kept.cents}"
        try:
            self._payments.refunds.refund_and_notify(
                payment.id, amount=excess, reason="the month costs less", key=key
            )
        except RefundRefused:
            log.warning("excess_not_given_back", payment_id=payment.id)

    def _take_step(self, membership_id: str) -> bool:
        try:
            with self._ledger.transaction() as connection:
                self._stop_before_collecting(connection, membership_id)
                membership = self._held(connection, membership_id)
                if self._is_due(membership):
                    self._step(connection, membership)
                    return True
                self._align(connection, membership, key=f"{membership_id}:{membership.period}")
        except UNDECIDED as waiting:
            log.info("collection_waits", membership_id=membership_id, reason=type(waiting).__name__)
        return False

    def _stop_before_collecting(self, connection: Connection, membership_id: str) -> None:
        """Only one of the two may charge a month.

        It comes before the customer is held: whoever relays the gateway's news holds the
        subscription first as well.
        """
        store.hold_alignment(connection, membership_id)
        membership = store.find(connection, membership_id)
        if membership.status in UNPAID and self._is_due(membership):
            self._stop(connection, membership, store.live_recurring(connection, membership_id))

    def _is_due(self, membership: Membership) -> bool:
        due_at = next_step_at(membership, self._writer.calendar.zone)
        return due_at is not None and due_at <= self._writer.now

    def _step(self, connection: Connection, membership: Membership) -> None:
        if membership.status in UNPAID:
            self._collect(connection, membership)
        else:
            why = "unpaid" if membership.status is MembershipStatus.SUSPENDED else "cancelled"
            self._writer.end(connection, membership, why=why, key=f"{membership.id}:ended")

    def _collect(self, connection: Connection, membership: Membership) -> None:
        try:
            payment = self._charge(membership)
        except REFUSED:
            self._book_failure(connection, membership)
            return
        paid, at = Paid(payment.amount, payment.id), self._writer.now
        self._writer.renew(connection, membership, paid=paid, key=f"renewal:{payment.id}", at=at)
        self._payments.charges.mark_delivered(payment)

    def _charge(self, membership: Membership) -> Payment:
        attempt = 0 if membership.failed_at is None else membership.retries + 1
        return self._payments.charges.charge(
            membership.customer_id,
            amount=membership.next_price,
            description=f"{membership.next_tier.label} membership",
            key=f"membership:{membership.id}:{membership.period + 1}:{attempt}",
        )

    def _book_failure(self, connection: Connection, membership: Membership) -> None:
        now, zone = self._writer.now, self._writer.calendar.zone
        failed = after_failure(membership, at=now, zone=zone)
        is_suspended = failed.status is MembershipStatus.SUSPENDED
        attempt = 0 if membership.failed_at is None else failed.retries
        change_id = self._writer.write(
            connection,
            failed,
            kind=ChangeKind.SUSPENDED if is_suspended else ChangeKind.PAYMENT_FAILED,
            key=f"failure:{membership.id}:{membership.period + 1}:{attempt}",
            before=membership,
        )
        self._writer.notify(failed, self._failure_notice(failed, attempt=attempt + 1), change_id)

    def _failure_notice(self, member: Membership, *, attempt: int) -> PaymentFailedNotice | SuspendedNotice:
        zone, cents = self._writer.calendar.zone, member.next_price.cents
        first = member.failed_at or self._writer.now
        if member.status is MembershipStatus.SUSPENDED:
            return SuspendedNotice(
                about=member.id,
                tier=member.tier,
                amount_cents=cents,
                attempt=attempt,
                suspends_at=days_after(first, RETRY_DAYS[-1], zone),
                ends_at=days_after(first, LAST_DAY, zone),
            )
        return PaymentFailedNotice(
            about=member.id,
            tier=member.tier,
            amount_cents=cents,
            attempt=attempt,
            next_attempt_at=next_step_at(member, zone),
            suspends_at=days_after(first, RETRY_DAYS[-1], zone),
            ends_at=days_after(first, LAST_DAY, zone),
        )

    def _all_of(self, customer_id: str) -> Sequence[str]:
        with self._ledger.autocommit() as connection:
            return store.ids_of(connection, customer_id)

    def _align(self, connection: Connection, membership: Membership, *, key: str) -> None:
        subscription = store.live_recurring(connection, membership.id)
        if membership.status is not MembershipStatus.ACTIVE:
            self._stop(connection, membership, subscription)
            return
        if subscription is None:
            subscription = self._intend(membership)
        if subscription is not None:
            self._charge_monthly(connection, membership, subscription, key=key)

    def _intend(self, membership: Membership) -> Subscribed | None:
        """Nothing when the month is being collected, or there is no card: the calendar sees to that.

        The intent is committed before the gateway is asked, so that a subscription whose answer was
        lost is found again under its key, and not a second one begun.
        """
        try:
            self._payments.cards.default(membership.customer_id)
        except NoCardOnFile:
            return None
        if membership.period_end <= self._writer.now:
            return None
        with self._ledger.new_transaction() as connection:
            return store.intend_recurring(
                connection, membership.id, amount=membership.next_price, at=self._writer.now
            )

    def _charge_monthly(
        self, connection: Connection, membership: Membership, subscription: Subscribed, *, key: str
    ) -> None:
        recurring_id = subscription.id or self._begin(connection, membership, subscription)
        if subscription.amount != membership.next_price:
            self._payments.subscriptions.change(recurring_id, amount=membership.next_price, key=key)
            store.change_recurring(connection, subscription, amount_cents=membership.next_price.cents)

    def _begin(self, connection: Connection, membership: Membership, subscription: Subscribed) -> str:
        recurring = self._payments.subscriptions.start(
            membership.customer_id,
            name=f"{membership.tier.label} membership",
            amount=subscription.amount,
            first_at=membership.period_end,
            key=subscription.key,
        )
        store.change_recurring(connection, subscription, recurring_id=recurring.id)
        return recurring.id

    def _stop(self, connection: Connection, membership: Membership, subscription: Subscribed | None) -> None:
        if subscription is None:
            return
        recurring_id = subscription.id or self._begin(connection, membership, subscription)
        self._payments.subscriptions.stop(recurring_id, key=f"{subscription.key}:stop")
        store.change_recurring(connection, subscription, stopped_at=self._writer.now)

    def _owner(self, connection: Connection, charge: RecurringCharge) -> Membership | None:
        """The membership that the gateway's subscription is for, held."""
        membership_id = store.owner_of_recurring(connection, charge.recurring_id)
        return None if membership_id is None else self._held(connection, membership_id)

    def _held(self, connection: Connection, membership_id: str) -> Membership:
        """The membership as it is once nobody else changes it."""
        self._customers.lock(store.find(connection, membership_id).customer_id)
        return store.find(connection, membership_id)


def _is_wanted(membership: Membership, charge: RecurringCharge) -> bool:
    is_left = membership.status is MembershipStatus.CANCELLED
    return not is_left and is_for_next_period(membership, charge.at)
