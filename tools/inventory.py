"""Tools to find products."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from commerce.inventory.models import Category, Flavour, Order, Product, ProductQuery, mark
from commerce.inventory.models import Effect as ProductEffect
from foundation.money import Money
from tools.base import Effect, ToolContext, slot, tool
from tools.phrases import Dollars, Name, dollars, listed
from tools.results import Card, ToolResult

Kind = Literal[
    Category.FLOWER,
    Category.VAPE,
    Category.EDIBLE,
    Category.TINCTURE,
    Category.TOPICAL,
    Category.ACCESSORY,
]
"""What a customer may ask for; nobody asks for what has no name."""
FEW_LEFT = 5
SHOWN = 5


@tool(Effect.READ, scope="shop:read", label="Searching our products")
def search_products(  # noqa: PLR0913 - as many ways as customers narrow a search
    context: ToolContext,
    *,
    words: Annotated[
        str, Field(max_length=200), slot("words", ask="", description="Words of a name or brand")
    ] = "",
    category: Kind | None = None,
    effect: ProductEffect | None = None,
    flavour: Flavour | None = None,
    without_categories: tuple[Kind, ...] = (),
    without_flavours: tuple[Flavour, ...] = (),
    min_price: Annotated[Dollars | None, slot("money", ask="", description="At least, in dollars")] = None,
    max_price: Annotated[Dollars | None, slot("money", ask="", description="At most, in dollars")] = None,
    sort: Order = "relevance",
) -> ToolResult:
    """Find up to five products in stock, with their exact prices.

    Every argument narrows the search: leave out what the customer did not ask for. Offer only what
    this returns. When nothing fits, it names the nearest product, if there is one, as just that.
    """
    query = ProductQuery(
        words=words,
        category=category,
        effect=effect,
        flavour=flavour,
        without_categories=frozenset(without_categories),
        without_flavours=frozenset(without_flavours),
        min_price=_money(min_price),
        max_price=_money(max_price),
        order=sort,
        limit=SHOWN,
    )
    found = context.services.inventory.search(query)
    if found:
        return _shown(context, f"{_wanted(query)}:", found, fits=True)
    return _nearest(context, query)


@tool(Effect.READ, scope="shop:read", label="Reading the label")
def product_details(
    context: ToolContext,
    product: Annotated[Name, slot("product", ask="Which product do you mean?", description="Its id or name")],
) -> ToolResult:
    """Everything the label of one product says, its price, and whether it is in stock."""
    found = context.services.inventory.by_name(product)
    note = _note(context, found)
    notice = f" {note[0].upper()}{note[1:]}." if note else ""
    say = (
        f"{found.name} by {found.brand} — {found.price}, {_described(found)}. {found.description}"
        f"{_contents(found)} {_stock(found)}{notice}"
    )
    data = _data(found, note) | {
        "description": found.description,
        "cbd_mg": found.cbd_mg,
        "thc_mg": found.thc_mg,
    }
    return ToolResult(say, data, (_card(found, note),))


def _nearest(context: ToolContext, query: ProductQuery) -> ToolResult:
    """What comes nearest when the price is no matter, or else when the words are none."""
    sorry = f"We have nothing in stock that fits: {_wanted(query)}."
    freer = replace(query, min_price=None, max_price=None, order="price_low", limit=1)
    for near in (freer, replace(freer, words="")):
        is_wider = near != replace(query, order="price_low", limit=1)
        found = context.services.inventory.search(near) if is_wider and _narrows(near) else []
        if found:
            return _shown(context, f"{sorry} The nearest is:", found, fits=False)
    return ToolResult(sorry, {"products": []})


def _narrows(query: ProductQuery) -> bool:
    return bool(query.words or query.category or query.effect or query.flavour)


def _shown(context: ToolContext, opening: str, found: list[Product], *, fits: bool) -> ToolResult:
    noted = [(product, _note(context, product)) for product in found]
    lines = [f"{number}. {_line(product, note)}" for number, (product, note) in enumerate(noted, start=1)]
    data = {"products": [_data(product, note) for product, note in noted], "fits": fits}
    return ToolResult("\n".join([opening, *lines]), data, tuple(_card(*each) for each in noted))


def _note(context: ToolContext, product: Product) -> str | None:
    """What the caller's membership means for a product that is not for everybody."""
    if product.min_tier is None and product.released_at is None:
        return None
    tier = context.services.memberships.entitlements(context.principal.id).tier
    return mark(product, tier=tier, at=context.services.calendar.now())


def _line(product: Product, note: str | None) -> str:
    return f"{product.name} — {product.price}, {_described(product)}" + (f" ({note})" if note else "")


def _described(product: Product) -> str:
    """Such as `edible for sleep and calm, berry`."""
    purpose = f" for {listed(product.effects)}" if product.effects else ""
    taste = f", {listed(product.flavours)}" if product.flavours else ""
    return f"{product.category}{purpose}{taste}"


def _wanted(query: ProductQuery) -> str:
    """The search in words, such as `Edibles for sleep up to $40.00`."""
    kind = f"{query.category.plural}" if query.category else "products"
    about = f" matching “{query.words}”" if query.words else ""
    purpose = f" for {query.effect}" if query.effect else ""
    taste = f" with {query.flavour}" if query.flavour else ""
    text = f"{kind}{about}{purpose}{taste}{_avoided(query)}{_bounds(query)}"
    return text[0].upper() + text[1:]


def _avoided(query: ProductQuery) -> str:
    avoided = sorted([*(each.plural for each in query.without_categories), *query.without_flavours])
    return f" without {listed(avoided)}" if avoided else ""


def _bounds(query: ProductQuery) -> str:
    if query.min_price and query.max_price:
        return f" between {query.min_price} and {query.max_price}"
    if query.max_price:
        return f" up to {query.max_price}"
    return f" from {query.min_price}" if query.min_price else ""


def _contents(product: Product) -> str:
    held = [
        f"{milligrams:g} mg {name}"
        for name, milligrams in (("CBD", product.cbd_mg), ("THC", product.thc_mg))
        if milligrams
    ]
    return f" The package holds {listed(held)}." if held else ""


def _stock(product: Product) -> str:
    if not product.in_stock:
        return "It is out of stock at the moment."
    return f"Only {product.free} left in stock." if product.free <= FEW_LEFT else "It is in stock."


def _data(product: Product, note: str | None) -> dict[str, Any]:
    return {
        "id": product.id,
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "effects": list(product.effects),
        "flavours": list(product.flavours),
        "price": dollars(product.price),
        "in_stock": product.in_stock,
        **({"note": note} if note else {}),
    }


def _card(product: Product, note: str | None) -> Card:
    return Card(
        kind="product",
        id=product.id,
        title=product.name,
        subtitle=f"{product.brand} · {_described(product)}",
        price=dollars(product.price),
        badges=tuple(filter(None, ["" if product.in_stock else "out of stock", note])),
    )


def _money(amount: Decimal | None) -> Money | None:
    return None if amount is None else Money.from_dollars(amount)
