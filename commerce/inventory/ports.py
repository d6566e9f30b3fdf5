"""What the shop asks of the point of sale about the shelf."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class PosSilent(Exception):
    """The point of sale gave no usable answer."""


class PosStock(Protocol):
    def on_hand(self, skus: Sequence[str]) -> Mapping[str, int]:
        """What is on the shelf now, for those of the SKUs that the point of sale counts.

        Raises:
            PosSilent: no usable answer came.
        """


class OwnCount:
    """The ledger's own count is the only one: there is no other point of sale."""

    def on_hand(self, skus: Sequence[str]) -> Mapping[str, int]:  # noqa: ARG002 - part of the port
        return {}
