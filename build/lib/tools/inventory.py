"""Tools to find products."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from commerce.inventory.models import Category, Flavour, Order, Product, ProductQuery
from commerce.inventory.models import Effect as ProductEffect
from foundation.money import Money
from tools.base import Card, Effect, ToolContext, ToolResult, slot, tool
from tools.phrases import Dollars, Name, dollars, listed

FEW_LEFT = 5
SHOWN = 5


@tool(Effect.READ, scope="shop:read", label="Looking through the shelves")
def search_products(  # noqa: PLR0913 - as many ways as customers narrow a search
    context: ToolContext,
    *,
    words: Annotated[
        str, Field(max_length=200), slot("words", ask="", description="Words of a name or brand")
    ] = "",
    category: Category | None = None,
    effect: ProductEffect | None = None,
    flavour: Flavour | None = None,
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
        without_flavours=frozenset(without_flavours),
        min_price=_money(min_price),
        max_price=_money(max_price),
        order=sort,
        limit=SHOWN,
    )
    found = context.services.inventory.search(query)
    if found:
        return _shown(f"{_wanted(query)}:", found, fits=True)
    return _nearest(context, query)


@tool(Effect.READ, scope="shop:read", label="Reading the label")
def product_details(
    context: ToolContext,
    product: Annotated[Name, slot("product", ask="Which product do you mean?", description="Its id or name")],
) -> ToolResult:
    """Everything the label of one product says, its price, and whether it is in stock."""
    found = context.services.inventory.by_name(product)
    say = (
        f"{found.name} by {found.brand} — {found.price}, {_described(found)}. {found.description}"
        f"{_contents(found)} {_stock(found)}"
    )
    data = _data(found) | {"description": found.description, "cbd_mg": found.cbd_mg, "thc_mg": found.thc_mg}
    return ToolResult(say, data, (_card(found),))


def _nearest(context: ToolContext, query: ProductQuery) -> ToolResult:
    """What comes nearest when the price is no matter, or else when the words are none."""
    sorry = f"We have nothing in stock that fits: {_wanted(query)}."
    freer = replace(query, min_price=None, max_price=None, order="price_low", limit=1)
    for near in (freer, replace(freer, words="")):
        is_wider = near != replace(query, order="price_low", limit=1)
        found = context.services.inventory.search(near) if is_wider and _narrows(near) else []
        if found:
            return _shown(f"{sorry} The nearest is:", found, fits=False)
    return ToolResult(sorry, {"products": []})


def _narrows(query: ProductQuery) -> bool:
    return bool(query.words or query.category or query.effect or query.flavour)


def _shown(opening: str, found: list[Product], *, fits: bool) -> ToolResult:
    lines = [f"{number}. {_line(product)}" for number, product in enumerate(found, start=1)]
    data = {"products": [_data(product) for product in found], "fits": fits}
    return ToolResult("\n".join([opening, *lines]), data, tuple(_card(product) for product in found))


def _line(product: Product) -> str:
    return f"{product.name} — {product.price}, {_described(product)}"


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
    avoided = f" without {listed(sorted(query.without_flavours))}" if query.without_flavours else ""
    text = f"{kind}{about}{purpose}{taste}{avoided}{_bounds(query)}"
    return text[0].upper() + text[1:]


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
    return f"Only {product.quantity} left in stock." if product.quantity <= FEW_LEFT else "It is in stock."


def _data(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "effects": list(product.effects),
        "flavours": list(product.flavours),
        "price": dollars(product.price),
        "in_stock": product.in_stock,
    }


def _card(product: Product) -> Card:
    return Card(
        kind="product",
        id=product.id,
        title=product.name,
        subtitle=f"{product.brand} · {_described(product)}",
        price=dollars(product.price),
        badges=() if product.in_stock else ("out of stock",),
    )


def _money(amount: Decimal | None) -> Money | None:
    return None if amount is None else Money.from_dollars(amount)
