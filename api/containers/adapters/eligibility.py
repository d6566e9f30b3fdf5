"""Proof of age and membership of a customer, as memory reads them."""

from commerce.age.models import AgeProof
from commerce.age.service import AgeVerification
from commerce.memberships.models import Membership
from commerce.memberships.service import Memberships
from foundation.clock import Clock
from memory.ports import AgeEligibility, Eligibility, MembershipEligibility


class CustomerEligibility:
    def __init__(self, ages: AgeVerification, memberships: Memberships, *, now: Clock) -> None:
        self._ages = ages
        self._memberships = memberships
        self._now = now

    def eligibility(self, customer_id: str) -> Eligibility:
        proof, membership = self._ages.status(customer_id), self._memberships.status(customer_id)
        return Eligibility(
            age=AgeEligibility() if proof is None else self._proven(proof),
            membership=None if membership is None else _held(membership),
        )

    def _proven(self, proof: AgeProof) -> AgeEligibility:
        return AgeEligibility(
            verified=proof.is_usable(self._now()),
            verified_at=proof.verified_at,
            method=proof.method,
            expires_at=proof.expires_at,
        )


def _held(membership: Membership) -> MembershipEligibility:
    return MembershipEligibility(
        tier=membership.tier,
        status=membership.status,
        percent=membership.percent,
        started_at=membership.started_at,
        next_billing_at=membership.next_billing_at,
    )
