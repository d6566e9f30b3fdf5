"""Products, and how to narrow a list of them."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.schemas.base import PlainText, Schema, Timestamp, example
from api.schemas.money import Amount, QueryAmount, of_query
from commerce.inventory.models import Category, Effect, Flavour, Order, Product, ProductQuery

LARGEST_CATALOGUE = 1_000_000
"""A list that is paged is read whole, and cut afterwards."""


class ProductFilter(Schema):
    """Conditions in the query string; one that is left out does not narrow the list."""

    # `limit` and `cursor` are parameters beside it; the route itself refuses unknown ones.
    model_config = ConfigDict(extra="ignore")

    words: Annotated[PlainText, Field(max_length=200, examples=["gummies"])] = ""
    """Words in the name or the description, in English or Spanish."""
    category: Category | None = None
    """Only products of this category."""
    effect: Effect | None = None
    """Only products with this effect."""
    flavour: Flavour | None = None
    """Only products with this flavour."""
    without_flavour: list[Flavour] = Field(default_factory=list)
    """No products with any of these flavours; may be given more than once."""
    min_price: QueryAmount | None = None
    """Lowest price, in US dollars."""
    max_price: QueryAmount | None = None
    """Highest price, in US dollars."""
    in_stock: bool = True
    """Only products that can be bought now."""
    sort: Order = "relevance"
    """Order of the list. Pages beyond the first exist for `price_low` and `price_high` only."""

    def query(self, *, limit: int) -> ProductQuery:
        return ProductQuery(
            words=self.words,
            category=self.category,
            effect=self.effect,
            flavour=self.flavour,
            without_flavours=frozenset(self.without_flavour),
            min_price=of_query(self.min_price),
            max_price=of_query(self.max_price),
            in_stock=self.in_stock,
            order=self.sort,
            limit=limit,
        )


class ProductOut(Schema):
    """A product of the catalogue."""

    model_config = example(
        id="prd_owl",
        sku="OWL-30",
        name="Night Owl Gummies",
        brand="Liv Hana",
        description="Berry gummies for the evening, 30 in a jar.",
        price={"amount": "28.00", "currency": "USD"},
        minTier=None,
        releasedAt=None,
        note=None,
    )

    id: str
    """Id of the product."""
    sku: str
    """Stock keeping unit."""
    name: str
    """Name as the shop shows it."""
    brand: str
    """Maker of the product."""
    category: Category
    """Category in the catalogue."""
    description: str
    """Description in words."""
    effects: tuple[Effect, ...]
    """Effects that customers look for."""
    flavours: tuple[Flavour, ...]
    """Flavours."""
    cbd_mg: float
    """CBD in milligrams."""
    thc_mg: float
    """THC in milligrams."""
    price: Amount
    """Price of one piece."""
    available: bool
    """Whether it is in stock and for sale."""
    inventory: int
    """Pieces that nobody has reserved."""
    min_tier: str | None
    """Lowest membership tier that may buy it; null when everybody may."""
    released_at: Timestamp | None
    """When it is for sale to everybody; null when it always was."""
    note: str | None
    """What the caller's membership means for it, such as `Gold members only`."""
    updated_at: Timestamp
    """Time of the last change."""

    @classmethod
    def of(cls, product: Product, *, note: str | None) -> "ProductOut":
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
            available=product.in_stock,
            inventory=product.free,
            min_tier=product.min_tier,
            released_at=product.released_at,
            note=note,
            updated_at=product.updated_at,
        )
