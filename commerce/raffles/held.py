"""Tickets whose charge was held by the gateway are issued as soon as a person lets the charge through."""

from collections.abc import Sequence
from functools import partial

from commerce.payments.events import PaymentDecided
from commerce.payments.models import PaymentStatus
from commerce.payments.service import Payments
from commerce.raffles import store
from commerce.raffles.models import Purchase
from commerce.raffles.service import Raffles
from foundation.outbox import Decoder, Event, Subscriber, Subscription
from foundation.sql import Ledger

SUBSCRIPTION = Subscription("held_tickets", frozenset({PaymentDecided.topic}))


class HeldTickets:
    def __init__(self, ledger: Ledger, raffles: Raffles, payments: Payments) -> None:
        self._ledger = ledger
        self._raffles = raffles
        self._payments = payments

    def subscriber(self) -> Subscriber[PaymentDecided]:
        return Subscriber(SUBSCRIPTION, self.issue, Decoder(PaymentDecided))

    def issue(self, decisions: Sequence[Event[PaymentDecided]]) -> None:
        """Issue what was asked for under the payment's key; where that can be no more, give it back."""
        for event in decisions:
            with self._ledger.transaction() as connection:
                purchase = store.purchase(connection, event.payload.key)
            if purchase is not None and event.payload.status is PaymentStatus.APPROVED:
                self._issue(purchase, event.payload.payment_id)

    def _issue(self, purchase: Purchase, payment_id: str) -> None:
        issue = partial(
            self._raffles.buy_tickets,
            purchase.customer_id,
            raffle_id=purchase.raffle_id,
            quantity=purchase.quantity,
            key=purchase.key,
        )
        self._payments.held.fulfil(payment_id, issue)
