"""The catalogue: search it, and look at one product."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.authorization import Visitor
from api.deps import ClockDep, InventoryDep, MembershipsDep, PathId
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Amount, Dollars, PlainText, Schema, Timestamp
from commerce.inventory.models import Category, Effect, Flavour, Order, Product, ProductQuery, mark
from foundation.money import Money

router = api_router(
    prefix="/api/products",
    tag="catalogue",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class Search(BaseModel):
    """What is left out does not narrow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Annotated[PlainText, Field(max_length=200, examples=["gummies"])] = ""
    category: Category | None = None
    effect: Effect | None = None
    flavour: Flavour | None = None
    without_flavour: list[Flavour] = []
    min_price: Amount | None = None
    max_price: Annotated[Amount | None, Field(examples=["40.00"])] = None
    in_stock: bool = True
    sort: Order = "relevance"
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    def query(self) -> ProductQuery:
        return ProductQuery(
            words=self.words,
            category=self.category,
            effect=self.effect,
            flavour=self.flavour,
            without_flavours=frozenset(self.without_flavour),
            min_price=_money(self.min_price),
            max_price=_money(self.max_price),
            in_stock=self.in_stock,
            order=self.sort,
            limit=self.limit,
        )


class ProductShown(Schema):
    id: str
    sku: str
    name: str
    brand: str
    category: Category
    description: str
    effects: tuple[Effect, ...]
    flavours: tuple[Flavour, ...]
    cbd_mg: float
    thc_mg: float
    price: Dollars
    currency: str
    available: bool
    """In stock, and for sale."""
    inventory: int
    """Pieces that nobody has reserved."""
    min_tier: str | None
    """The least membership that may buy it; null when everybody may."""
    released_at: Timestamp | None
    note: str | None
    """What the caller's membership means for it, such as `Gold members only`."""
    updated_at: Timestamp

    @classmethod
    def of(cls, product: Product, *, note: str | None) -> "ProductShown":
        return cls(
            id=product.id,
            sku=product.sku,
            name=product.name,
            brand=product.brand,
            category=product.category,
            description=product.description,
            effects=product.effects,
            flavours=product.flavours,
            cbd_mg=product.cbd_mg,
            thc_mg=product.thc_mg,
            price=product.price,
            currency=product.price.currency,
            available=product.in_stock,
            inventory=product.free,
            min_tier=product.min_tier,
            released_at=product.released_at,
            note=note,
            updated_at=product.updated_at,
        )


@router.get("")
def list_products(
    wanted: Annotated[Search, Query()],
    visitor: Visitor,
    inventory: InventoryDep,
    memberships: MembershipsDep,
    now: ClockDep,
) -> Envelope[list[ProductShown]]:
    """Products that meet every condition, the best first; none when nothing does."""
    found = inventory.search(wanted.query())
    tier = memberships.entitlements(visitor.id).tier
    return Envelope(data=[_shown(product, tier, now()) for product in found])


@router.get("/{product_id}", responses=refusals("NOT_FOUND"))
def get_product(
    product_id: PathId, visitor: Visitor, inventory: InventoryDep, memberships: MembershipsDep, now: ClockDep
) -> Envelope[ProductShown]:
    """A product, in stock or not, whoever may buy it."""
    found = inventory.find(product_id)
    return Envelope(data=_shown(found, memberships.entitlements(visitor.id).tier, now()))


def _shown(product: Product, tier: str | None, at: datetime) -> ProductShown:
    return ProductShown.of(product, note=mark(product, tier=tier, at=at))


def _money(amount: str | None) -> Money | None:
    return None if amount is None else Money.from_dollars(Decimal(amount))
