"""Products, the words they are described with, and what a customer may look for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from foundation.errors import NotFound
from foundation.money import Money


class Category(StrEnum):
    FLOWER = "flower"
    VAPE = "vape"
    EDIBLE = "edible"
    TINCTURE = "tincture"
    TOPICAL = "topical"
    ACCESSORY = "accessory"

    @property
    def plural(self) -> str:
        irregular = {Category.FLOWER: "flower", Category.ACCESSORY: "accessories"}
        return irregular.get(self, f"{self}s")


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

    @property
    def in_stock(self) -> bool:
        return self.available and self.quantity > 0


@dataclass(frozen=True)
class ProductQuery:
    """What to look for; what is left out does not narrow."""

    words: str = ""
    category: Category | None = None
    effect: Effect | None = None
    flavour: Flavour | None = None
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
            and (self.effect is None or self.effect in product.effects)
            and (self.flavour is None or self.flavour in product.flavours)
            and self.without_flavours.isdisjoint(product.flavours)
            and (self.min_price is None or product.price >= self.min_price)
            and (self.max_price is None or product.price <= self.max_price)
        )


class ProductNotFound(NotFound):
    def __init__(self, named: str) -> None:
        super().__init__(f"We have no product “{named[:60]}”.")
