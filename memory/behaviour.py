"""What a customer's purchases add up to: a fold in any order, made again from the purchases at any time."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any, Literal, Protocol

from memory.statements.models import Claim, Origin

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


class Bought(Protocol):
    """A purchase that was not refunded."""

    @property
    def at(self) -> datetime: ...
    @property
    def amount_cents(self) -> int: ...
    @property
    def products(self) -> tuple[str, ...]:
        """One for each piece."""


@dataclass(frozen=True)
class Behaviour:
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
        """None until there is a second purchase to tell by."""
        if self.purchases < 2 or self.first_at is None or self.last_at is None:  # noqa: PLR2004
            return None
        gap = (self.last_at - self.first_at) / timedelta(days=1) / (self.purchases - 1)
        return next((name for days, name in FREQUENCIES if gap <= days), "rarely")

    @property
    def favourite_products(self) -> list[str]:
        return sorted(self.pieces, key=lambda each: (-self.pieces[each], each))[:FAVOURITES]

    def after(self, purchase: Bought) -> "Behaviour":
        at = purchase.at.astimezone(UTC)
        piece = round(purchase.amount_cents / len(purchase.products)) if purchase.products else None
        pieces = dict(self.pieces)
        for product in purchase.products:
            pieces[product] = pieces.get(product, 0) + 1
        return Behaviour(
            purchases=self.purchases + 1,
            spent_cents=self.spent_cents + purchase.amount_cents,
            first_at=min(self.first_at or at, at),
            last_at=max(self.last_at or at, at),
            least_cents=min((each for each in (self.least_cents, piece) if each is not None), default=None),
            most_cents=max((each for each in (self.most_cents, piece) if each is not None), default=None),
            pieces=pieces,
        )

    def suggests(self, categories: Mapping[str, str]) -> list[Claim]:
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
        return [Claim("preferred category", most, confidence=round(share, 2), origin=Origin.BEHAVIOUR)]

    def document(self) -> dict[str, Any]:
        moments = {name: moment and moment.isoformat() for name, moment in self._moments().items()}
        return {**asdict(self), **moments}

    def to_bytes(self) -> bytes:
        """The same for the same purchases, in whatever order they came."""
        return json.dumps(self.document(), sort_keys=True, separators=(",", ":")).encode()

    def _moments(self) -> dict[str, datetime | None]:
        return {"first_at": self.first_at, "last_at": self.last_at}


def behaviour_of(purchases: Iterable[Bought], *, start: Behaviour | None = None) -> Behaviour:
    return reduce(Behaviour.after, purchases, start or Behaviour())
