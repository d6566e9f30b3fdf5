"""Ports of age verification: a cache that is asked before the ledger."""

from typing import Protocol

from commerce.age.models import AgeProof


class ProofCache(Protocol):
    """May forget anything at any time, and never fails: away, it finds nothing."""

    def find(self, customer_id: str) -> AgeProof | None: ...

    def keep(self, proof: AgeProof) -> None:
        """Unless the customer's proofs were dropped a moment ago."""

    def drop(self, customer_id: str) -> None:
        """What another process has read before this must not be kept after it."""


class NoProofCache:
    """Always the ledger."""

    def find(self, customer_id: str) -> AgeProof | None:  # noqa: ARG002 - as the port has it
        return None

    def keep(self, proof: AgeProof) -> None:
        """Nothing is kept."""

    def drop(self, customer_id: str) -> None:
        """There is nothing."""
