"""The record of an erasure: when it was requested and done, what was erased, and what is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from foundation.holdings import Left, Traces


class Status(StrEnum):
    ASKED = "asked"
    ERASED = "erased"
    """From every store that can be queried."""
    PURGED = "purged"
    """And from the files of the stores."""


@dataclass(frozen=True)
class Trail:
    """What identifies a customer's data: recorded before the erasure, sealed until the last search."""

    traces: Traces
    handles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By store: the names under which it has the customer's data."""

    def of(self, store: str) -> Sequence[str]:
        return self.handles.get(store, ())


@dataclass(frozen=True)
class Erasure:
    id: str
    customer_id: str
    asked_by: str
    asked_at: datetime
    status: Status = Status.ASKED
    erased_at: datetime | None = None
    purged_at: datetime | None = None
    erased: Mapping[str, int] = field(default_factory=dict)
    """How many items were erased, by store and place."""
    left: Sequence[Left] = ()
    """What the last search found."""

    def receipt(self) -> dict[str, Any]:
        """What is signed and handed out; it names the customer by id only."""
        return {
            "erasure_id": self.id,
            "customer_id": self.customer_id,
            "status": self.status,
            "asked_at": self.asked_at.isoformat(),
            "erased_at": self.erased_at and self.erased_at.isoformat(),
            "purged_at": self.purged_at and self.purged_at.isoformat(),
            "erased": dict(sorted(self.erased.items())),
            "left": [vars(each) for each in self.left],
        }
