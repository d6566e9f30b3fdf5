"""Refusals of changes to a membership, in words for the customer."""

from datetime import date

from commerce.memberships.models import Membership, Tier
from foundation.errors import Conflict, Invalid, NotFound


class AlreadyMember(Conflict):
    def __init__(self, membership: Membership) -> None:
        super().__init__(
            f"You already have an active {membership.tier.label} membership.",
            {"tier": membership.tier.value, "membership_id": membership.id},
        )


class StillRunning(Conflict):
    def __init__(self, membership: Membership, until: date) -> None:
        super().__init__(
            f"Your {membership.tier.label} membership is cancelled but runs until {until:%-d %B %Y}. "
            "I can reactivate it at no charge; after that you can also change it.",
            {"tier": membership.tier.value, "membership_id": membership.id},
        )


class PaymentOpen(Conflict):
    form = "card"

    def __init__(self, membership: Membership) -> None:
        super().__init__(
            f"The last payment for your {membership.tier.label} membership has not gone through yet. "
            "Reactivate the membership to pay it now, with another card if you like.",
            {"membership_id": membership.id, "status": membership.status.value},
        )


class RenewalUnderWay(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "Your membership is being renewed right now. Please try again once the payment is complete."
        )


class NotAMember(NotFound):
    def __init__(self) -> None:
        super().__init__("You have no active membership at the moment.")


class NothingToReactivate(Conflict):
    def __init__(self, membership: Membership | None) -> None:
        super().__init__(
            f"Your {membership.tier.label} membership is active, there is nothing to reactivate."
            if membership
            else "You have never had a membership here, so there is nothing to reactivate."
        )


class NotAnUpgrade(Invalid):
    def __init__(self, current: Tier, wanted: Tier) -> None:
        super().__init__(
            f"{wanted.label} is not above your {current.label} membership.",
            {"field": "tier", "expected": f"a membership above {current.label}"},
        )


class NotADowngrade(Invalid):
    def __init__(self, current: Tier, wanted: Tier) -> None:
        super().__init__(
            f"{wanted.label} is not below your {current.label} membership.",
            {"field": "tier", "expected": f"a membership below {current.label}"},
        )


class NoDowngradePlanned(Conflict):
    def __init__(self) -> None:
        super().__init__("No downgrade is planned, so there is nothing to withdraw.")


class KeyUsed(Conflict):
    def __init__(self) -> None:
        super().__init__("This idempotency key already belongs to a different change.", {"field": "key"})
