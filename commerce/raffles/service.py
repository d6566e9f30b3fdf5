"""Sell raffle tickets: places are held, the card is charged, then numbers are issued without a gap.

The raffle's row is locked only while places are counted and while numbers are issued,
never during the charge. A charge whose tickets cannot be issued is returned.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.payments.models import KeyReused, Payment
from commerce.payments.service import Payments
from commerce.raffles import store
from commerce.raffles.models import (
    Purchase,
    PurchaseStatus,
    Quote,
    Raffle,
    RaffleNotFound,
    Receipt,
    Ticket,
    check_purchase,
)
from foundation.clock import Clock
from foundation.errors import GatewayTimeout, ShopError
from foundation.ids import new_id
from foundation.outbox import Outbox
from foundation.sql import Ledger

HOLD = timedelta(minutes=10)


class Raffles:
    def __init__(
        self,
        ledger: Ledger,
        customers: Customers,
        ages: AgeVerification,
        payments: Payments,
        outbox: Outbox,
        *,
        now: Clock,
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._ages = ages
        self._payments = payments
        self._outbox = outbox
        self._now = now

    def list_open(self) -> list[Raffle]:
        with self._ledger.transaction() as connection:
            return store.list_open(connection, self._now())

    def find(self, raffle_id: str) -> Raffle:
        with self._ledger.transaction() as connection:
            raffle = store.find(connection, raffle_id)
        if raffle is None:
            raise RaffleNotFound
        return raffle

    def my_tickets(self, customer_id: str) -> Sequence[Ticket]:
        with self._ledger.transaction() as connection:
            return store.tickets_of(connection, customer_id)

    def quote(self, customer_id: str, *, raffle_id: str, quantity: int, key: str = "") -> Quote:
        """What the tickets would cost; whatever stands in the way is raised as a refusal.

        When a charge is under way for the key, nothing stands in its way any more.
        """
        with self._ledger.transaction() as connection:
            raffle = self.find(raffle_id)
            begun = self._payments.begun(key)
            if begun is None:
                self._check(connection, raffle, customer_id, quantity=quantity, key=key)
            card = self._payments.default_card(customer_id) if begun is None else begun[1]
        return Quote(raffle, quantity, raffle.ticket_price * quantity, str(card))

    def buy_tickets(self, customer_id: str, *, raffle_id: str, quantity: int, key: str) -> Receipt:
        """Charge and issue; the same key buys once."""
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
                payment = self._payments.charge(
                    customer_id,
                    amount=purchase.total,
                    description=f"{quantity} tickets: {raffle.title}",
                    key=key,
                )
                return self._issue(connection, purchase, payment)
            except GatewayTimeout:
                raise
            except ShopError:
                self._payments.give_back(key, reason="no tickets were issued")
                self._release(key)
                raise

    def _check(
        self, connection: Connection, raffle: Raffle, customer_id: str, *, quantity: int, key: str
    ) -> None:
        self._ages.require(customer_id, minimum_age=raffle.minimum_age)
        taken = store.taken(connection, raffle, customer_id, except_key=key, now=self._now())
        check_purchase(raffle, quantity, taken=taken, now=self._now())

    def _hold(self, customer_id: str, raffle_id: str, *, quantity: int, key: str) -> Purchase:
        """Places kept for ten minutes, seen by every other buyer at once."""
        with self._ledger.separately() as connection:
            raffle = self._locked(connection, raffle_id)
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

    def _release(self, key: str) -> None:
        with self._ledger.separately() as connection:
            store.release(connection, key)

    def _issue(self, connection: Connection, purchase: Purchase, payment: Payment) -> Receipt:
        """In a savepoint: a refusal lets go of the raffle's row before the money is returned."""
        customer_id = purchase.customer_id
        with connection.begin_nested():
            raffle = self._locked(connection, purchase.raffle_id)
            self._check(connection, raffle, customer_id, quantity=purchase.quantity, key=purchase.key)
            tickets = _numbered(raffle, purchase, at=self._now())
            store.issue(connection, purchase, tickets, payment_id=payment.id)
            self._payments.deliver(payment)
            bought = replace(purchase, status=PurchaseStatus.ISSUED)
            fact = _purchase_fact(bought, payment, tickets)
            self._outbox.append("raffle_transactions", fact, customer_id=customer_id)
            for ticket in tickets:
                self._outbox.append(
                    "raffle_tickets", _ticket_fact(ticket, purchase.id), customer_id=customer_id
                )
        return Receipt(raffle, bought, tickets)

    def _locked(self, connection: Connection, raffle_id: str) -> Raffle:
        raffle = store.find(connection, raffle_id, lock=True)
        if raffle is None:
            raise RaffleNotFound
        return raffle


def _refuse_another(known: Purchase, asked: tuple[str, str, int]) -> None:
    if (known.customer_id, known.raffle_id, known.quantity) != asked:
        raise KeyReused


def _numbered(raffle: Raffle, purchase: Purchase, *, at: datetime) -> list[Ticket]:
    return [
        Ticket(new_id("tkt"), raffle.id, raffle.title, number, purchase.customer_id, issued_at=at)
        for number in range(raffle.sold + 1, raffle.sold + purchase.quantity + 1)
    ]


def _purchase_fact(purchase: Purchase, payment: Payment, tickets: Sequence[Ticket]) -> dict[str, Any]:
    """The purchase as the warehouse knows it."""
    return {
        "id": purchase.id,
        "raffle_id": purchase.raffle_id,
        "customer_id": purchase.customer_id,
        "num_tickets": purchase.quantity,
        "ticket_numbers": [ticket.number for ticket in tickets],
        "amount_cents": purchase.total.cents,
        "payment_id": payment.id,
        "payment_method": "credit_card",
        "payment_status": "success",
        "payment_gateway_id": payment.transaction_id,
        "created_at": purchase.created_at.isoformat(),
        "updated_at": tickets[0].issued_at.isoformat(),
    }


def _ticket_fact(ticket: Ticket, purchase_id: str) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "raffle_id": ticket.raffle_id,
        "customer_id": ticket.customer_id,
        "ticket_number": ticket.number,
        "transaction_id": purchase_id,
        "purchased_at": ticket.issued_at.isoformat(),
        "updated_at": ticket.issued_at.isoformat(),
    }
