"""Administer raffles: plan, open and cancel them, and refund a cancelled one."""

from typing import Any

from commerce.customers.service import Customers
from commerce.payments.models import NothingToRefund
from commerce.payments.service import Payments
from commerce.raffles import credit_store, store
from commerce.raffles.draws import RaffleDraws
from commerce.raffles.facts import call_off, raffle_row, transaction_row
from commerce.raffles.models import (
    Move,
    Plan,
    PlanRefused,
    Purchase,
    Raffle,
    RaffleStatus,
    check_plan,
    is_done,
)
from foundation.clock import Clock
from foundation.errors import ShopError
from foundation.ids import new_id
from foundation.log import logger
from foundation.money import Money
from foundation.outbox import Outbox
from foundation.resilience import one_by_one
from foundation.sql import Ledger

AT_ONCE = 100
"""Customers paid back in one go."""
log = logger(__name__)


class RaffleAdmin:
    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        payments: Payments,
        draws: RaffleDraws,
        outbox: Outbox,
        *,
        now: Clock,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._payments = payments
        self._draws = draws
        self._outbox = outbox
        self._now = now

    def create(self, plan: Plan) -> Raffle:
        """A draft, which nobody but staff sees."""
        check_plan(plan, now=self._now())
        raffle = Raffle(id=new_id("raf"), status=RaffleStatus.DRAFT, sold=0, **vars(plan))
        with self._ledger.transaction() as connection:
            store.add(connection, raffle, created_at=self._now())
            self._publish(raffle)
        return raffle

    def edit(self, raffle_id: str, plan: Plan) -> Raffle:
        """Only while it is a draft: an open raffle does not change."""
        check_plan(plan, now=self._now())
        return self._change(raffle_id, Move.EDIT, **_columns(plan))

    def open(self, raffle_id: str) -> Raffle:
        """Sell from its opening time on; the digest of its seed is public from now on."""
        with self._ledger.transaction() as connection:
            raffle = store.locked(connection, raffle_id)
            if not is_done(raffle, Move.OPEN) and raffle.closes_at <= self._now():
                raise PlanRefused("closes_at", "later than now")
            opened = self._change(raffle_id, Move.OPEN, status=RaffleStatus.OPEN)
            self._draws.promise(raffle_id)
        return opened

    def cancel(self, raffle_id: str, *, reason: str) -> Raffle:
        """Until it is drawn. Everything that was paid is owed from now on: see `refund_some`."""
        with self._ledger.transaction() as connection:
            raffle = store.locked(connection, raffle_id)
            if not is_done(raffle, Move.CANCEL):
                store.begin_refunds(connection, raffle_id)
                credit_store.give_again(connection, raffle_id)
                raffle = self._change(
                    raffle_id, Move.CANCEL, status=RaffleStatus.CANCELLED, cancel_reason=reason
                )
        return raffle

    def refund_some(self) -> int:
        """Pay customers of cancelled raffles back; how many. A refund that fails is tried the next time."""
        refunded, place = 0, ("", "")
        while owed := self._owed(place):
            place = owed[-1]
            refunded += one_by_one(self._attempt, owed, failed="raffle_not_refunded")
        return refunded

    def _owed(self, place: tuple[str, str]) -> list[tuple[str, str]]:
        with self._ledger.transaction() as connection:
            return list(store.to_refund(connection, after=place, limit=AT_ONCE))

    def _attempt(self, owed: tuple[str, str]) -> bool:
        raffle_id, customer_id = owed
        try:
            return self._refund(raffle_id, customer_id)
        except ShopError as refusal:
            log.warning("raffle_refund_waits", raffle_id=raffle_id, refusal=type(refusal).__name__)
            return False

    def _refund(self, raffle_id: str, customer_id: str) -> bool:
        """All that one customer paid, with one notice; a refund is keyed by its purchase, so made once."""
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            raffle, total = store.known(connection, raffle_id), Money(0)
            purchases = store.refunding(connection, raffle_id, customer_id)
            for purchase, payment_id in purchases:
                refund_id = self._refund_of(payment_id, raffle, purchase)
                at = self._now()
                store.mark_refunded(connection, purchase, refund_id=refund_id, at=at)
                numbers = [ticket.number for ticket in store.tickets_bought(connection, purchase.id)]
                payment = self._payments.charges.find(payment_id)
                row = transaction_row(purchase, numbers, payment, at=at, refund_id=refund_id)
                self._outbox.publish(row, customer_id=customer_id)
                total += purchase.total
            if purchases:
                reason = store.cancel_reason(connection, raffle_id)
                call_off(self._outbox, raffle, customer_id, refund=total, reason=reason)
        return bool(purchases)

    def _refund_of(self, payment_id: str, raffle: Raffle, purchase: Purchase) -> str:
        """The refund's id; of one made before by hand, when nothing is left to give back."""
        reason = f"{raffle.title} was cancelled"
        try:
            return self._payments.refunds.refund(payment_id, reason=reason, key=f"raffle:{purchase.id}").id
        except NothingToRefund:
            return self._payments.refunds.of_payment(payment_id)[-1].id

    def _change(self, raffle_id: str, move: Move, **values: object) -> Raffle:
        with self._ledger.transaction() as connection:
            raffle = store.locked(connection, raffle_id)
            if not is_done(raffle, move):
                raffle = store.change(connection, raffle, **values)
                self._publish(raffle)
        return raffle

    def _publish(self, raffle: Raffle) -> None:
        with self._ledger.transaction() as connection:
            created_at = store.created_at(connection, raffle.id)
        self._outbox.publish(raffle_row(raffle, created_at=created_at, at=self._now()))


def _columns(plan: Plan) -> dict[str, Any]:
    fields = dict(vars(plan))
    price: Money = fields.pop("ticket_price")
    return {**fields, "ticket_price_cents": price.cents, "currency": price.currency}
