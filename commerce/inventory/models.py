"""Products, the words they are described with, who may buy them, and what a customer may look for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from foundation.errors import Conflict, Forbidden, NotFound
from foundation.money import Money

RANKS: Mapping[str | None, int] = {None: 0, "BRONZE": 1, "SILVER": 2, "GOLD": 3}
"""Memberships, by how many others they come after; None is no membership."""
EARLY_ACCESS: Mapping[str | None, timedelta] = {"SILVER": timedelta(hours=24), "GOLD": timedelta(hours=48)}
"""How long before its release a member may buy a new product."""


class Category(StrEnum):
    FLOWER = "flower"
    VAPE = "vape"
    EDIBLE = "edible"
    TINCTURE = "tincture"
    TOPICAL = "topical"
    ACCESSORY = "accessory"
    UNNAMED = "Hemp Product"
    """For a point of sale that does not say what kind of thing it sells."""

    @property
    def plural(self) -> str:
        irregular = {Category.FLOWER: "flower", Category.ACCESSORY: "accessories"}
        return irregular.get(self, f"{self.lower()}s")

    @classmethod
    def named(cls, given: str | None) -> "Category":
        """The category of that name in any case; the default where none is named or it is not ours."""
        word = (given or "").strip().lower()
        return next((category for category in cls if word == category.lower()), cls.UNNAMED)


class Effect(StrEnum):
    CALM = "calm"
    SLEEP = "sleep"
    FOCUS = "focus"
    ENERGY = "energy"
    RELIEF = "relief"
    SOCIAL = "social"


class Flavour(StrEnum):
    CITRUS = "citrus"
    PINE = "pine"
    BERRY = "berry"
    EARTHY = "earthy"
    MINT = "mint"
    FLORAL = "floral"
    SWEET = "sweet"
    SPICY = "spicy"


Order = Literal["relevance", "price_low", "price_high"]


@dataclass(frozen=True)
class Product:
    """One sellable variation; milligrams are those of the whole package.

    The first effect and flavour are the leading ones.
    """

    id: str
    source: str
    sku: str
    name: str
    brand: str
    category: Category
    description: str
    effects: tuple[Effect, ...]
    flavours: tuple[Flavour, ...]
    cbd_mg: float
    thc_mg: float
    price: Money
    quantity: int
    available: bool
    updated_at: datetime
    attributes: Mapping[str, Any] = field(default_factory=dict)
    reserved: int = 0
    """Promised to purchases that are under way; what is left for others is `free`."""
    min_tier: str | None = None
    """The least membership that may buy it."""
    released_at: datetime | None = None
    """When it is for everybody; before that, for members with early access."""

    @property
    def free(self) -> int:
        return max(0, self.quantity - self.reserved)

    @property
    def in_stock(self) -> bool:
        return self.available and self.free > 0

    @property
    def is_gift(self) -> bool:
        """Kept for members' gifts with purchase."""
        return bool(self.attributes.get("gift"))


@dataclass(frozen=True)
class Wanted:
    """So many pieces of a product."""

    product: Product
    quantity: int


@dataclass(frozen=True)
class ProductQuery:
    """What to look for; what is left out does not narrow."""

    words: str = ""
    category: Category | None = None
    effect: Effect | None = None
    flavour: Flavour | None = None
    without_categories: frozenset[Category] = frozenset()
    without_flavours: frozenset[Flavour] = frozenset()
    min_price: Money | None = None
    max_price: Money | None = None
    in_stock: bool = True
    order: Order = "relevance"
    limit: int = 5

    def admits(self, product: Product) -> bool:
        """Whether the product meets every condition except the words."""
        return (
            (product.in_stock or not self.in_stock)
            and (self.category is None or product.category is self.category)
            and product.category not in self.without_categories
            and (self.effect is None or self.effect in product.effects)
            and (self.flavour is None or self.flavour in product.flavours)
            and self.without_flavours.isdisjoint(product.flavours)
            and (self.min_price is None or product.price >= self.min_price)
            and (self.max_price is None or product.price <= self.max_price)
        )


class ProductNotFound(NotFound):
    def __init__(self, named: str) -> None:
        super().__init__(f"We have no product “{named[:60]}”.")


class MembersOnly(Forbidden):
    def __init__(self, product: Product) -> None:
        super().__init__(
            f"{product.name} is for {_members(product)} only.",
            {"product_id": product.id, "min_tier": product.min_tier},
        )


class NotReleased(Conflict):
    def __init__(self, product: Product, opens_at: datetime) -> None:
        super().__init__(
            f"{product.name} is not on sale yet.",
            {"product_id": product.id, "opens_at": opens_at.isoformat()},
        )


class OutOfStock(Conflict):
    def __init__(self, product: Product, *, left: int) -> None:
        some = f"there are only {left:,} left of" if left else "we are out of"
        super().__init__(
            f"I am sorry: {some} {product.name}.",
            {"field": "quantity", "left": left, "product_id": product.id},
        )


def opens_at(product: Product, tier: str | None) -> datetime | None:
    """When someone with that membership may buy it; None when it is not new."""
    return product.released_at and product.released_at - EARLY_ACCESS.get(tier, timedelta(0))


def refusal(product: Product, *, tier: str | None, at: datetime) -> MembersOnly | NotReleased | None:
    """Why someone with that membership may not buy it now; whether it is in stock is another matter."""
    if RANKS[tier] < RANKS[product.min_tier]:
        return MembersOnly(product)
    opens = opens_at(product, tier)
    return NotReleased(product, opens) if opens is not None and at < opens else None


def mark(product: Product, *, tier: str | None, at: datetime) -> str | None:
    """What is shown beside a product that not everybody may buy, such as `Gold members only`."""
    match refusal(product, tier=tier, at=at):
        case MembersOnly():
            return f"{_members(product)} only"
        case NotReleased():
            return "coming soon"
    is_early = product.released_at is not None and at < product.released_at
    return "early access for you" if is_early else None


def _members(product: Product) -> str:
    """Such as `Silver and Gold members`."""
    names = [tier.capitalize() for tier, rank in RANKS.items() if tier and rank >= RANKS[product.min_tier]]
    return f"{' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} members"
