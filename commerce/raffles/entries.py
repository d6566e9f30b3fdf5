"""GOLD's free entry: one ticket for every paid period, in the next raffle to close that sells."""

from collections.abc import Sequence

from sqlalchemy import Connection

from commerce.age.models import AgeNotProven
from commerce.age.service import AgeVerification
from commerce.customers.service import Customers
from commerce.memberships.events import PeriodPaid
from commerce.memberships.models import Tier
from commerce.raffles import credit_store, store
from commerce.raffles.credit_store import Credit
from commerce.raffles.facts import publish_tickets
from commerce.raffles.models import Purchase, PurchaseStatus, Raffle
from commerce.raffles.service import numbered
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.money import Money
from foundation.outbox import Decoder, Event, Outbox, Subscriber, Subscription
from foundation.resilience import one_by_one
from foundation.sql import Ledger

SUBSCRIPTION = Subscription("raffle_entries", frozenset({PeriodPaid.topic}))


class FreeEntries:
    def __init__(
        self, ledger: Ledger, customers: Customers, ages: AgeVerification, outbox: Outbox, *, now: Clock
    ) -> None:
        self._ledger = ledger
        self._customers = customers
        self._ages = ages
        self._outbox = outbox
        self._now = now

    def subscriber(self) -> Subscriber[PeriodPaid]:
        return Subscriber(SUBSCRIPTION, self.owe, Decoder(PeriodPaid))

    def owe(self, events: Sequence[Event[PeriodPaid]]) -> None:
        """Owe each GOLD member of a paid period one ticket; it is issued when a raffle sells."""
        for event in events:
            paid = event.payload
            if paid.tier is Tier.GOLD:
                credit = Credit(
                    id=new_id("rfc"),
                    customer_id=paid.customer_id,
                    membership_id=paid.membership_id,
                    period=str(paid.period),
                    period_start=paid.period_start,
                    created_at=self._now(),
                )
                with self._ledger.transaction() as connection:
                    credit_store.add(connection, credit)

    def issue_waiting(self) -> int:
        """Issue what can be; how many. Others wait for a raffle to open, or to have proven their age."""
        issued, place = 0, ""
        while credits_ := self._waiting(place):
            place = credits_[-1].id
            issued += one_by_one(self._issue, credits_, failed="free_entry_not_issued")
        return issued

    def _waiting(self, place: str) -> Sequence[Credit]:
        with self._ledger.transaction() as connection:
            if not store.list_open(connection, self._now()):
                return ()
            return credit_store.waiting(connection, after=place)

    def _issue(self, credit: Credit) -> bool:
        with self._ledger.transaction() as connection:
            self._customers.lock(credit.customer_id)
            if not credit_store.lock(connection, credit.id):
                return False
            raffle = self._place_for(connection, credit)
            if raffle is None:
                return False
            purchase = self._purchase(credit, raffle)
            tickets = numbered(raffle, purchase, at=self._now())
            store.hold(connection, purchase)
            store.issue(connection, purchase, tickets, payment_id=None)
            credit_store.mark_issued(connection, credit, raffle.id, at=self._now())
            publish_tickets(self._outbox, raffle, purchase, tickets, payment=None)
        return True

    def _place_for(self, connection: Connection, credit: Credit) -> Raffle | None:
        """The raffle, locked, that the member may enter and that has a place which nobody holds."""
        for found in credit_store.places_for(connection, credit, now=self._now()):
            raffle = store.locked(connection, found.id)
            taken = store.taken(connection, raffle, credit.customer_id, except_key="", now=self._now())
            if (
                raffle.is_open(self._now())
                and taken.all < raffle.max_tickets
                and self._may_enter(credit, raffle)
            ):
                return raffle
        return None

    def _may_enter(self, credit: Credit, raffle: Raffle) -> bool:
        try:
            self._ages.require(credit.customer_id, minimum_age=raffle.minimum_age)
        except AgeNotProven:
            return False
        return True

    def _purchase(self, credit: Credit, raffle: Raffle) -> Purchase:
        now = self._now()
        return Purchase(
            id=new_id("rfp"),
            key=f"{credit.id}:{raffle.id}",
            raffle_id=raffle.id,
            customer_id=credit.customer_id,
            quantity=1,
            total=Money(0, raffle.ticket_price.currency),
            status=PurchaseStatus.HELD,
            held_until=now,
            created_at=now,
        )
