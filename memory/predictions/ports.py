"""What predictions need of the shop."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ShopProduct:
    id: str
    name: str
    traits: frozenset[str] = frozenset()
    """Effects and flavours."""


class Storefront(Protocol):
    def products(self) -> Sequence[ShopProduct]:
        """The whole catalogue, also what is out of stock."""

    def offered_to(self, customer_id: str) -> Collection[str]:
        """Ids of what can be sold to the customer now: in stock, and only what their proven age allows."""
