"""A membership whose charge was held by the gateway is booked as soon as a person lets the charge through."""

from collections.abc import Sequence

from commerce.memberships.models import Membership, Tier
from commerce.memberships.service import REACTIVATE, SUBSCRIBE, UPGRADE, Memberships
from commerce.payments.models import PaymentStatus
from commerce.payments.service import Payments
from foundation.errors import GatewayTimeout, ShopError
from foundation.log import logger
from foundation.outbox import Event, Subscriber, Subscription

SUBSCRIPTION = Subscription("held_memberships", frozenset({"payment_decisions"}))
log = logger(__name__)


class HeldMemberships:
    def __init__(self, memberships: Memberships, payments: Payments) -> None:
        self._memberships = memberships
        self._payments = payments

    def subscriber(self) -> Subscriber:
        return Subscriber(SUBSCRIPTION, self.hear)

    def hear(self, decisions: Sequence[Event]) -> None:
        """Carry out what was asked for under the payment's key; where that can be no more, give it back."""
        for event in decisions:
            purpose, _, tier = event.payload["purpose"].partition(":")
            is_ours = purpose in (SUBSCRIBE, UPGRADE, REACTIVATE)
            if not is_ours or event.payload["status"] != PaymentStatus.APPROVED:
                continue
            try:
                self._carry_out(purpose, tier, customer_id=event.customer_id or "", key=event.payload["key"])
            except GatewayTimeout:
                raise
            except ShopError as refusal:
                log.info("held_membership_given_back", refusal=type(refusal).__name__)
                self._payments.give_back_held(event.payload["payment_id"], reason=str(refusal))

    def _carry_out(self, purpose: str, tier: str, *, customer_id: str, key: str) -> Membership:
        if purpose == SUBSCRIBE:
            return self._memberships.subscribe(customer_id, tier=Tier(tier), key=key)
        if purpose == UPGRADE:
            return self._memberships.upgrade(customer_id, tier=Tier(tier), key=key)
        return self._memberships.reactivate(customer_id, key=key)
