"""What a customer's purchases add up to, and what that suggests of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from memory.facts.models import Assertion, Origin

Frequency = Literal["weekly", "every two weeks", "monthly", "every few months", "rarely"]
FREQUENCIES: tuple[tuple[float, Frequency], ...] = (
    (10, "weekly"),
    (20, "every two weeks"),
    (45, "monthly"),
    (135, "every few months"),
)
"""Days between purchases, at most."""
FAVOURITES = 3
PIECES_THAT_SHOW = 5
SHARE_THAT_SHOWS = 0.6
"""Of the pieces bought, those of one category from which we take a customer to prefer it."""


@dataclass(frozen=True)
class Behaviour:
    """Of purchases that were not given back."""

    purchases: int = 0
    spent_cents: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    least_cents: int | None = None
    """A piece, on average, in the cheapest purchase."""
    most_cents: int | None = None
    pieces: Mapping[str, int] = field(default_factory=dict)
    """By product."""

    @property
    def average_cents(self) -> int | None:
        return round(self.spent_cents / self.purchases) if self.purchases else None

    @property
    def frequency(self) -> Frequency | None:
        """None until there is a second purchase."""
        if self.purchases < 2 or self.first_at is None or self.last_at is None:  # noqa: PLR2004
            return None
        gap = (self.last_at - self.first_at) / timedelta(days=1) / (self.purchases - 1)
        return next((name for days, name in FREQUENCIES if gap <= days), "rarely")

    @property
    def favourite_products(self) -> list[str]:
        return sorted(self.pieces, key=lambda each: (-self.pieces[each], each))[:FAVOURITES]

    def suggests(self, categories: Mapping[str, str]) -> list[Assertion]:
        """What somebody may prefer who buys so; categories: of each product. Words outweigh it."""
        counts: dict[str, int] = {}
        for product, number in self.pieces.items():
            if product in categories:
                counts[categories[product]] = counts.get(categories[product], 0) + number
        bought = sum(counts.values())
        if bought < PIECES_THAT_SHOW:
            return []
        most = max(sorted(counts), key=counts.__getitem__)
        share = counts[most] / bought
        if share < SHARE_THAT_SHOWS:
            return []
        return [Assertion("preferred category", most, confidence=round(share, 2), origin=Origin.BEHAVIOUR)]
