"""Notifications of the card gateway: stored first, then looked up at the gateway one by one."""

from datetime import timedelta

from commerce.payments import gateway_store
from commerce.payments.ports import GatewaySilent, Notification, RecurringListener
from commerce.payments.service import Payments
from foundation.clock import Clock
from foundation.errors import ShopError
from foundation.log import logger
from foundation.sql import Ledger

BATCH_SIZE = 50
LONGEST_WAIT = timedelta(hours=1)
LOOKED_BACK = timedelta(days=7)
"""The nightly look may fail this long, or the shop be closed, without a return being missed."""
RETENTION = timedelta(days=30)
log = logger(__name__)


class GatewayInbox:
    def __init__(
        self, ledger: Ledger, payments: Payments, listener: RecurringListener, *, now: Clock
    ) -> None:
        self._ledger = ledger
        self._payments = payments
        self._listener = listener
        self._now = now

    def receive(self, notification: Notification) -> None:
        """Store it; one that was sent before changes nothing."""
        with self._ledger.transaction() as connection:
            gateway_store.put_notification(connection, notification, at=self._now())

    def read(self) -> int:
        """Process the stored notifications, each once; how many were processed."""
        with self._ledger.autocommit() as connection:
            waiting = gateway_store.waiting_notifications(connection, self._now(), limit=BATCH_SIZE)
        return sum(self._read(each) for each in waiting)

    def look_for_lost(self) -> int:
        """Ask the gateway for monthly charges whose notification was lost; how many there were."""
        return sum(self._follow(each) for each in self._payments.subscriptions.unwatched())

    def look_for_undone(self) -> int:
        """Ask for voids and refunds made by hand whose notification was lost; how many there were."""
        found = self._payments.reconciliation.returned_at_gateway(since=self._now() - LOOKED_BACK)
        for transaction_id in found:
            self.receive(Notification(f"undone:{transaction_id}", "transaction", transaction_id))
        return len(found)

    def prune(self) -> int:
        with self._ledger.transaction() as connection:
            return gateway_store.prune_notifications(connection, before=self._now() - RETENTION)

    def _read(self, notification: Notification) -> bool:
        try:
            with self._ledger.transaction() as connection:
                if not gateway_store.claim_notification(connection, notification.id):
                    return False
                self._payments.subscriptions.receive(notification, self._listener)
                gateway_store.change_notification(connection, notification.id, handled_at=self._now())
        except Exception as error:  # noqa: BLE001 - whatever it is, the later ones must not wait for this one
            self._postpone(notification, error)
            return False
        return True

    def _postpone(self, notification: Notification, error: Exception) -> None:
        _log("notification_waits", error, notification_id=notification.id)
        with self._ledger.transaction() as connection:
            tries = gateway_store.count_try(connection, notification.id, error=type(error).__name__)
            wait = min(timedelta(minutes=2 ** min(tries, 10)), LONGEST_WAIT)
            gateway_store.change_notification(connection, notification.id, due_at=self._now() + wait)

    def _follow(self, recurring_id: str) -> int:
        try:
            return self._payments.subscriptions.follow(recurring_id, self._listener)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other plans must not wait for this one
            _log("recurring_not_followed", error, recurring_id=recurring_id)
            self._payments.subscriptions.put_off(recurring_id)
            return 0


def _log(event: str, error: Exception, **fields: str) -> None:
    """A silent gateway or a refusal may pass with time; anything else is a defect and needs its traceback."""
    is_expected = isinstance(error, GatewaySilent | ShopError)
    write = log.warning if is_expected else log.exception
    write(event, error=type(error).__name__, **fields)
