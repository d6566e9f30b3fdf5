"""The catalogue: lists of products, and one product."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from api.authorization import Visitor
from api.deps import ClockDep, InventoryDep, MembershipsDep
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest
from api.routing import api_router
from api.schemas.catalog import LARGEST_CATALOGUE, ProductFilter, ProductOut
from api.schemas.ids import ProductPath
from commerce.inventory.models import Product, mark
from foundation.errors import Invalid

router = api_router(
    prefix="/api/products",
    tag="catalogue",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
ProductPages = Annotated[PageRequest, Depends(PageOf("products"))]


class RankedListHasOnePage(Invalid):
    def __init__(self) -> None:
        expected = "no cursor, or `sort` of `price_low` or `price_high`"
        super().__init__(
            f"A list sorted by relevance has one page: send {expected}.",
            {"field": "cursor", "expected": expected},
        )


@router.get("")
def list_products(
    wanted: Annotated[ProductFilter, Query()],
    visitor: Visitor,
    page: ProductPages,
    inventory: InventoryDep,
    memberships: MembershipsDep,
    now: ClockDep,
) -> Page[ProductOut]:
    """List the products that meet every condition.

    Sorted by `relevance` it is a ranking with one page: it ends at `limit`, and `nextCursor` is null. Sorted
    by `price_low` or `price_high` it is paged.
    """
    tier, at = memberships.entitlements(visitor.id).tier, now()

    def show(product: Product) -> ProductOut:
        return _shown(product, tier, at)

    if wanted.sort == "relevance":
        if page.place is not None:
            raise RankedListHasOnePage
        ranked = inventory.search(wanted.query(limit=page.limit))
        return Page(data=[show(each) for each in ranked], next_cursor=None)
    found = inventory.search(wanted.query(limit=LARGEST_CATALOGUE))
    return page.cut(found, show, key=_dearest_first if wanted.sort == "price_high" else _cheapest_first)


@router.get("/{product_id}", responses=refusals("NOT_FOUND"))
def get_product(
    product_id: ProductPath,
    visitor: Visitor,
    inventory: InventoryDep,
    memberships: MembershipsDep,
    now: ClockDep,
) -> Envelope[ProductOut]:
    """Get a product, whether it is in stock or not and whoever may buy it."""
    found = inventory.find(product_id)
    return Envelope(data=_shown(found, memberships.entitlements(visitor.id).tier, now()))


def _cheapest_first(product: Product) -> Key:
    return (product.price.cents, product.id)


def _dearest_first(product: Product) -> Key:
    return (-product.price.cents, product.id)


def _shown(product: Product, tier: str | None, at: datetime) -> ProductOut:
    return ProductOut.of(product, note=mark(product, tier=tier, at=at))
