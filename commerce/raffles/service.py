"""Sell raffle tickets: places are held, the card is charged, then numbers are issued without a gap.

The raffle's row is locked only while places are counted and while numbers are issued,
never during the charge. A charge whose tickets cannot be issued is returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.fraud.models import UNKNOWN, PurchaseSeen, RequestFingerprint
from commerce.fraud.service import Fraud
from commerce.payments.models import KeyReused, Payment
from commerce.payments.service import Payments
from commerce.raffles import store
from commerce.raffles.facts import publish_tickets
from commerce.raffles.models import (
    Purchase,
    PurchaseInReview,
    PurchaseStatus,
    Quote,
    Raffle,
    RaffleStatus,
    Receipt,
    Ticket,
    check_purchase,
)
from foundation.clock import Clock
from foundation.errors import GatewayTimeout, ShopError
from foundation.ids import new_id
from foundation.keyset import Keyset
from foundation.outbox import Outbox
from foundation.sql import Ledger

HOLD = timedelta(minutes=10)


@dataclass(frozen=True)
class EligibilityChecks:
    """The checks that a buyer has to pass before their card is charged."""

    ages: AgeVerification
    fraud: Fraud


class Raffles:
    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        checks: EligibilityChecks,
        payments: Payments,
        outbox: Outbox,
        *,
        now: Clock,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._checks = checks
        self._payments = payments
        self._outbox = outbox
        self._now = now

    def list_open(self) -> list[Raffle]:
        with self._ledger.transaction() as connection:
            return store.list_open(connection, self._now())

    def in_status(
        self, status: RaffleStatus, *, limit: int = 50, after: Keyset | None = None
    ) -> list[Raffle]:
        """The latest to close first."""
        with self._ledger.transaction() as connection:
            return store.in_status(connection, status, limit=limit, after=after)

    def find(self, raffle_id: str) -> Raffle:
        with self._ledger.transaction() as connection:
            return store.known(connection, raffle_id)

    def my_tickets(self, customer_id: str) -> Sequence[Ticket]:
        with self._ledger.transaction() as connection:
            return store.tickets_of(connection, customer_id)

    def quote(self, customer_id: str, *, raffle_id: str, quantity: int, key: str = "") -> Quote:
        """What the tickets would cost; raises a refusal if they cannot be bought.

        When a charge is under way for the key, nothing is checked again.
        """
        with self._ledger.transaction() as connection:
            raffle = self.find(raffle_id)
            begun = self._payments.charges.by_key(key)
            if begun is None:
                self._check(connection, raffle, customer_id, quantity=quantity, key=key)
            card = self._payments.cards.default(customer_id) if begun is None else begun[1]
        return Quote(raffle, quantity, raffle.ticket_price * quantity, str(card))

    def buy_tickets(
        self,
        customer_id: str,
        *,
        raffle_id: str,
        quantity: int,
        key: str,
        fingerprint: RequestFingerprint = UNKNOWN,
    ) -> Receipt:
        """Charge and issue; the same key buys once.

        Places are not kept for days, so a purchase that looks like fraud is refused until staff have
        reviewed it.
        """
        with self._ledger.transaction() as connection:
            self._customers.lock(customer_id)
            raffle = self.find(raffle_id)
            known = store.purchase(connection, key)
            if known is not None:
                _refuse_another(known, (customer_id, raffle_id, quantity))
                if known.status is PurchaseStatus.ISSUED:
                    return Receipt(raffle, known, store.tickets_bought(connection, known.id))
            try:
                purchase = self._hold(customer_id, raffle_id, quantity=quantity, key=key)
                self._weigh(purchase, fingerprint)
                payment = self._payments.charges.charge(
                    customer_id,
                    amount=purchase.total,
                    description=f"{quantity} tickets: {raffle.title}",
                    key=key,
                )
                return self._issue(connection, purchase, payment)
            except GatewayTimeout:
                raise
            except ShopError:
                self._payments.refunds.refund_undelivered(key, reason="no tickets were issued")
                self._release(key)
                raise

    def _check(
        self, connection: Connection, raffle: Raffle, customer_id: str, *, quantity: int, key: str
    ) -> None:
        self._checks.ages.require(customer_id, minimum_age=raffle.minimum_age)
        taken = store.taken(connection, raffle, customer_id, except_key=key, now=self._now())
        check_purchase(raffle, quantity, taken=taken, now=self._now())

    def _hold(self, customer_id: str, raffle_id: str, *, quantity: int, key: str) -> Purchase:
        """Places kept for ten minutes, seen by every other buyer at once."""
        with self._ledger.new_transaction() as connection:
            raffle = store.locked(connection, raffle_id)
            self._check(connection, raffle, customer_id, quantity=quantity, key=key)
            purchase = Purchase(
                id=new_id("rfp"),
                key=key,
                raffle_id=raffle.id,
                customer_id=customer_id,
                quantity=quantity,
                total=raffle.ticket_price * quantity,
                status=PurchaseStatus.HELD,
                held_until=self._now() + HOLD,
                created_at=self._now(),
            )
            return store.hold(connection, purchase)

    def _weigh(self, purchase: Purchase, fingerprint: RequestFingerprint) -> None:
        """Score the purchase for fraud, unless it is being charged already."""
        if self._payments.charges.by_key(purchase.key) is not None:
            return
        card = self._payments.cards.default(purchase.customer_id)
        seen = PurchaseSeen(
            customer_id=purchase.customer_id,
            amount=purchase.total,
            kind="raffle",
            key=purchase.key,
            card_marks=card.marks,
            is_card_unmistakable=card.is_unmistakable,
            at=self._now(),
            fingerprint=fingerprint,
        )
        if self._checks.fraud.weigh(seen).decision == "review":
            raise PurchaseInReview

    def _release(self, key: str) -> None:
        with self._ledger.new_transaction() as connection:
            store.release(connection, key)

    def _issue(self, connection: Connection, purchase: Purchase, payment: Payment) -> Receipt:
        """In a savepoint: a refusal lets go of the raffle's row before the money is returned."""
        customer_id = purchase.customer_id
        with connection.begin_nested():
            raffle = store.locked(connection, purchase.raffle_id)
            self._check(connection, raffle, customer_id, quantity=purchase.quantity, key=purchase.key)
            tickets = numbered(raffle, purchase, at=self._now())
            store.issue(connection, purchase, tickets, payment_id=payment.id)
            self._payments.charges.mark_delivered(payment)
            publish_tickets(self._outbox, raffle, purchase, tickets, payment=payment)
        return Receipt(raffle, replace(purchase, status=PurchaseStatus.ISSUED), tickets)


def _refuse_another(known: Purchase, asked: tuple[str, str, int]) -> None:
    if (known.customer_id, known.raffle_id, known.quantity) != asked:
        raise KeyReused


def numbered(raffle: Raffle, purchase: Purchase, *, at: datetime) -> list[Ticket]:
    """The tickets after those already sold."""
    return [
        Ticket(
            id=new_id("tkt"),
            raffle_id=raffle.id,
            raffle_title=raffle.title,
            number=number,
            customer_id=purchase.customer_id,
            purchase_id=purchase.id,
            issued_at=at,
        )
        for number in range(raffle.sold + 1, raffle.sold + purchase.quantity + 1)
    ]
