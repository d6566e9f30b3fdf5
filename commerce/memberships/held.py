"""A membership whose charge was held by the gateway is booked as soon as a person lets the charge through."""

from collections.abc import Sequence
from functools import partial

from commerce.memberships.models import Membership, Tier
from commerce.memberships.service import REACTIVATE, SUBSCRIBE, Memberships
from commerce.memberships.tiers import UPGRADE
from commerce.payments.events import PaymentDecided
from commerce.payments.models import PaymentStatus
from commerce.payments.service import Payments
from foundation.outbox import Decoder, Event, Subscriber, Subscription

SUBSCRIPTION = Subscription("held_memberships", frozenset({PaymentDecided.topic}))


class HeldMemberships:
    def __init__(self, memberships: Memberships, payments: Payments) -> None:
        self._memberships = memberships
        self._payments = payments

    def subscriber(self) -> Subscriber[PaymentDecided]:
        return Subscriber(SUBSCRIPTION, self.handle, Decoder(PaymentDecided))

    def handle(self, decisions: Sequence[Event[PaymentDecided]]) -> None:
        """Carry out what was asked for under the payment's key; where that can be no more, give it back."""
        for event in decisions:
            decided = event.payload
            purpose, _, tier = decided.purpose.partition(":")
            is_ours = purpose in (SUBSCRIBE, UPGRADE, REACTIVATE)
            if not is_ours or decided.status is not PaymentStatus.APPROVED:
                continue
            customer_id = event.customer_id or ""
            carry_out = partial(self._carry_out, purpose, tier, customer_id=customer_id, key=decided.key)
            self._payments.held.fulfil(decided.payment_id, carry_out)

    def _carry_out(self, purpose: str, tier: str, *, customer_id: str, key: str) -> Membership:
        if purpose == SUBSCRIBE:
            return self._memberships.subscribe(customer_id, tier=Tier(tier), key=key)
        if purpose == UPGRADE:
            return self._memberships.tiers.upgrade(customer_id, tier=Tier(tier), key=key)
        return self._memberships.reactivate(customer_id, key=key)
