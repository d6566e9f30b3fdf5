"""What an erasure needs of others: each store that holds something of a customer, and the shop's farewell."""

from collections.abc import Sequence
from typing import Protocol

from foundation.holdings import Left, Traces


class Store(Protocol):
    """A place outside the ledger where something of a customer is kept. Every method may be repeated."""

    name: str

    def handles(self, customer_id: str) -> Sequence[str]:
        """The names under which it keeps what is theirs, as far as the ledger has to tell them."""

    def erase(self, customer_id: str, handles: Sequence[str]) -> int:
        """How many things went."""

    def left(self, traces: Traces, handles: Sequence[str]) -> list[Left]:
        """What it still gives out of theirs when it is asked."""


class Disk(Protocol):
    """The files of this machine, beneath every store."""

    def compact(self) -> None:
        """Rewrite them, so that what was deleted is not in them any more."""

    def left(self, traces: Traces) -> list[Left]:
        """The files in which words of theirs still stand."""


class Farewell(Protocol):
    def marks(self, customer_id: str) -> tuple[str, ...]:
        """Words that are the customer's alone, such as their e-mail address; none for somebody unknown."""

    def names(self, customer_id: str) -> tuple[str, ...]:
        """What the customer is called."""

    def leave(self, customer_id: str) -> None:
        """Sign them out everywhere and end what the shop does for them: plans, cards, carts.

        Raises:
            ShopError: money is under way, so that it has to wait.
        """
