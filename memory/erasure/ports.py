"""What an erasure needs: each store that holds data of a customer, this machine's files, the account."""

from collections.abc import Sequence
from typing import Protocol

from foundation.holdings import Left, Traces


class Store(Protocol):
    """A store outside the ledger that holds data of customers. Every method may be repeated."""

    name: str

    def handles(self, customer_id: str) -> Sequence[str]:
        """The names under which it stores the customer's data, where the ledger has to supply them."""

    def erase(self, customer_id: str, handles: Sequence[str]) -> int:
        """How many items were deleted."""

    def left(self, traces: Traces, handles: Sequence[str]) -> list[Left]:
        """What it still returns of the customer."""


class Disk(Protocol):
    """The files of this machine in which stores keep their data."""

    def compact(self) -> None:
        """Rewrite them without what was deleted."""

    def left(self, traces: Traces) -> list[Left]:
        """The files that still contain words of the customer."""


class CustomerAccount(Protocol):
    def marks(self, customer_id: str) -> tuple[str, ...]:
        """Words that identify the customer, such as the e-mail address; none for an unknown customer."""

    def names(self, customer_id: str) -> tuple[str, ...]:
        """The customer's names."""

    def close(self, customer_id: str) -> None:
        """Sign them out everywhere and end what the shop does for them: plans, cards, carts.

        Raises:
            ShopError: money is under way, so that it has to wait.
        """
