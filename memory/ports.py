"""What memory needs of the shop, as the shop fills it in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

NameKind = Literal["product", "category", "effect", "flavour"]


@dataclass(frozen=True)
class ShopName:
    """Something a customer may call by its name, or by a word that means the same."""

    kind: NameKind
    id: str
    name: str
    synonyms: tuple[str, ...] = ()
    """In plain English, as the reader that goes with the catalogue brings every text to."""

    @property
    def short(self) -> str:
        """As people say it, without the size behind a comma."""
        return self.name.partition(",")[0]


@dataclass(frozen=True)
class ShopTerms:
    """The words that the shop describes its things with, and those that show what a customer speaks of."""

    kinds: Mapping[str, NameKind] = field(default_factory=dict)
    """Each term, and of what kind it is."""
    topics: Mapping[str, str] = field(default_factory=dict)
    """Each word in plain letters, and the topic that it shows."""


NO_TERMS = ShopTerms()


class Catalogue(Protocol):
    """The names of what the shop sells, as they are now."""

    def revision(self) -> object:
        """Another one whenever a name has changed."""

    def names(self) -> Sequence[ShopName]: ...


@dataclass(frozen=True)
class AgeEligibility:
    verified: bool = False
    """Whether purchases go on."""
    verified_at: datetime | None = None
    method: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class MembershipEligibility:
    tier: str
    status: str
    percent: int
    """Off every price."""
    started_at: datetime
    next_billing_at: datetime | None


@dataclass(frozen=True)
class Eligibility:
    """Age proof and membership of a customer, as of now."""

    age: AgeEligibility = field(default_factory=AgeEligibility)
    membership: MembershipEligibility | None = None


class EligibilityPort(Protocol):
    def eligibility(self, customer_id: str) -> Eligibility: ...


class ReferencePort(Protocol):
    """Which customers, products and orders the shop knows."""

    def customers(self, ids: Collection[str]) -> set[str]:
        """Those of them that exist."""

    def products(self, ids: Collection[str]) -> set[str]:
        """Those of them that exist or existed."""

    def has_order(self, order_id: str) -> bool: ...
