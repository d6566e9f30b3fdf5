"""Promotions for members, and the price a member pays.

They are never added up: a line costs what the membership's discount or the best single promotion
makes of it, whichever is less, and never less than nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from commerce.memberships.models import Entitlements, Tier
from foundation.errors import Invalid
from foundation.money import Money

WHOLE = 100


@dataclass(frozen=True)
class Promotion:
    """Takes off a percentage or an amount, from everything, a category or one product."""

    id: str
    title: str
    tiers: frozenset[Tier]
    starts_at: datetime
    ends_at: datetime
    percent: int | None = None
    off: Money | None = None
    category: str | None = None
    product_id: str | None = None

    def is_open_to(self, tier: Tier | None, at: datetime) -> bool:
        return tier in self.tiers and self.starts_at <= at < self.ends_at

    def covers(self, *, product_id: str, category: str) -> bool:
        if self.product_id is not None:
            return self.product_id == product_id
        return self.category is None or self.category == category

    def off_of(self, price: Money) -> Money:
        """What it takes off a price, at most all of it."""
        if self.off is not None:
            return min(self.off, price)
        return price.percent(self.percent or 0)


@dataclass(frozen=True)
class MemberPrice:
    price: Money
    saved: Money
    promotion_id: str | None = None
    """The promotion that made the price; None when it was the membership's own discount."""


class NotAPromotion(Invalid):
    def __init__(self, field: str, expected: str) -> None:
        super().__init__(
            f"This promotion is not valid: {field} must be {expected}.",
            {"field": field, "expected": expected},
        )


def member_price(
    price: Money,
    *,
    entitlements: Entitlements,
    product_id: str,
    category: str,
    promotions: Iterable[Promotion],
    at: datetime,
) -> MemberPrice:
    """The least that one piece costs a customer with these entitlements."""
    best = MemberPrice(price - price.percent(entitlements.percent), price.percent(entitlements.percent))
    for promotion in sorted(promotions, key=lambda each: each.id):
        if not promotion.is_open_to(entitlements.tier, at):
            continue
        saved = promotion.off_of(price)
        if promotion.covers(product_id=product_id, category=category) and saved > best.saved:
            best = MemberPrice(price - saved, saved, promotion.id)
    return best


def check(promotion: Promotion) -> Promotion:
    """Raises NotAPromotion for one that could not be run."""
    if (promotion.percent is None) == (promotion.off is None):
        raise NotAPromotion("percent", "either a percentage or an amount")
    if promotion.percent is not None and not 1 <= promotion.percent <= WHOLE:
        raise NotAPromotion("percent", "1 to 100")
    if promotion.off is not None and promotion.off.cents <= 0:
        raise NotAPromotion("off", "more than $0.00")
    if promotion.ends_at <= promotion.starts_at:
        raise NotAPromotion("ends_at", "a time after it starts")
    if not promotion.tiers:
        raise NotAPromotion("tiers", "at least one membership")
    return promotion
