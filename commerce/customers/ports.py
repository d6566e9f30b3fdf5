"""Ports of accounts: what moves from a guest to a customer, and what ends with an account."""

from typing import Protocol


class GuestBelongings(Protocol):
    """Something that a guest gathers and takes along when they sign in: conversations, a cart, consents."""

    def adopt(self, guest_id: str, customer_id: str) -> int:
        """Make the guest's things the customer's, in the caller's transaction; how many there were."""


class ClosesAccounts(Protocol):
    """A service whose work for a customer has to end before their data is erased."""

    def close_account(self, customer_id: str) -> None:
        """End it, at vendors too; twice is the same as once.

        Raises:
            ShopError: money is under way, or a vendor is silent; to be asked again later.
        """
