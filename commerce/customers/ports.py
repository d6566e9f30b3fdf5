"""What the customers' room asks of others."""

from typing import Protocol


class GuestBelongings(Protocol):
    """Something that a guest gathers and takes along when they sign in: conversations, a cart, consents."""

    def adopt(self, guest_id: str, customer_id: str) -> int:
        """Make the guest's things the customer's, in the caller's transaction; how many there were."""


class Parting(Protocol):
    """A room that does something for customers, which has to end before one is forgotten."""

    def close_account(self, customer_id: str) -> None:
        """End it, at vendors too; twice is the same as once.

        Raises:
            ShopError: money is under way, or a vendor is silent; to be asked again later.
        """
