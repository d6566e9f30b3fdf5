"""The payments room: cards on file, charges, what goes back, and what recurs each month."""

from datetime import timedelta

from commerce.payments import store
from commerce.payments.charges import PATIENCE
from commerce.payments.subscriptions import Recurrings
from foundation.resilience import one_by_one

UNDELIVERED = timedelta(hours=1)
"""How long money may wait for what it buys before it is returned."""
DECIDED = timedelta(days=3)
"""The same for a payment that a person has let through, since the customer may have to come back."""


class Payments(Recurrings):
    def reconcile(self) -> int:
        """Finish what a crash or a silent gateway has left; how many payments and refunds were finished."""
        now = self._now()
        with self._ledger.transaction() as connection:
            charges = store.unfinished(
                connection,
                opened_before=now - PATIENCE,
                approved_before=now - UNDELIVERED,
                decided_before=now - DECIDED,
            )
            refunds = store.due_refunds(connection, now)
        finished = one_by_one(self._finish_charge, charges, failed="not_reconciled")
        return finished + one_by_one(self._finish_refund, refunds, failed="not_reconciled")
