"""Tools for the cart, for buying what is in it, and for orders."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from commerce.checkout.models import MOST_OF_ONE, Cart, CartLine, Order, OrderStatus, Request
from commerce.checkout.pricing import Line, Totals
from commerce.inventory.models import Product
from memory.retrieval.bm25 import shared, terms_of, words_of
from tools.base import Effect, ToolContext, slot, tool
from tools.phrases import Name, counted, dollars, listed, long_date
from tools.results import Card, ToolResult

SHOWN = 5

ProductName = Annotated[Name, slot("product", ask="Which product do you mean?", description="Its id or name")]
HeldName = Annotated[
    Name,
    slot(
        "product",
        ask="Which product do you mean?",
        description="Its id, its name, or what it is where there is one such thing in the cart: grinder",
        unwanted=True,
    ),
]
Quantity = Annotated[
    int, Field(ge=1, le=MOST_OF_ONE), slot("count", ask="", description="How many; one when it is not said")
]
InAll = Annotated[
    bool, slot("in_all", ask="", description="True when that is how many there shall be in the cart at last")
]
OrderId = Annotated[
    str,
    Field(max_length=64),
    slot("order", ask="", description="Its id; the latest when it is left out", prefix="ord"),
]
State = Annotated[
    str,
    Field(max_length=40),
    slot("state", ask="", description="Where the customer lives; the one on file when left out"),
]
STATUS_TEXT = {
    OrderStatus.PENDING: "the bank has not confirmed the payment yet",
    OrderStatus.REVIEW: "a member of our team is looking at it, and nothing is charged until they have",
    OrderStatus.PAID: "it is paid and ready",
    OrderStatus.REFUSED: "it was not accepted, and nothing was charged",
    OrderStatus.CANCELLED: "it was cancelled, and the money goes back to your card",
    OrderStatus.FAILED: "it did not go through, and nothing is charged for it",
}


@tool(Effect.NOTE, scope="shop:read", label="Putting it in your cart")
def add_to_cart(
    context: ToolContext,
    product: ProductName,
    quantity: Quantity = 1,
    in_all: InAll = False,  # noqa: FBT002 - as the model names it
) -> ToolResult:
    """Put a product in the customer's cart, or more of it; its price is locked for thirty minutes.

    Call it when the customer wants to buy or have a product, and with `in_all` when they correct how many
    are in the cart. Nothing is charged before they check out.
    """
    found = context.services.inventory.by_name(product)
    carts = context.services.carts
    cart = (carts.put if in_all else carts.add)(context.principal.id, product_id=found.id, quantity=quantity)
    done = (
        f"Your cart has {quantity} x {found.name} now."
        if in_all
        else f"I put {quantity} x {found.name} in your cart."
    )
    say = f"{done} It holds {counted(cart.pieces, 'item')} for {cart.subtotal}."
    return ToolResult(say, _cart_data(cart), _cards(cart))


@tool(Effect.READ, scope="shop:read", label="Looking into your cart")
def show_cart(context: ToolContext) -> ToolResult:
    """What is in the customer's cart, at which price, and what it comes to before discount and tax."""
    cart = context.services.carts.show(context.principal.id)
    if not cart.lines:
        return ToolResult("Your cart is empty.", _cart_data(cart))
    lines = [f"{number}. {_cart_line(line, cart)}" for number, line in enumerate(cart.lines, start=1)]
    end = f"That is {cart.subtotal} before discount and tax."
    return ToolResult("\n".join(["In your cart:", *lines, end]), _cart_data(cart), _cards(cart))


@tool(Effect.NOTE, scope="shop:read", label="Taking it out of your cart")
def remove_from_cart(context: ToolContext, product: HeldName) -> ToolResult:
    """Take a product out of the customer's cart, all of it."""
    carts = context.services.carts
    cart = carts.show(context.principal.id)
    held = _matching(cart, product) or [context.services.inventory.by_name(product)]
    if len(held) > 1:
        return ToolResult(
            f"Which one shall I take out: {listed([each.name for each in held], 'or')}?", _cart_data(cart)
        )
    found = held[0]
    cart = carts.remove(context.principal.id, product_id=found.id)
    left = f"{counted(cart.pieces, 'item')} for {cart.subtotal}" if cart.lines else "nothing else"
    return ToolResult(f"I took {found.name} out. Your cart holds {left}.", _cart_data(cart), _cards(cart))


def _propose(context: ToolContext, state: str = "") -> str:
    request = Request(state=state or None, source="chat")
    quote = context.services.checkout.quote(context.principal.id, request=request, key=context.call_id)
    return (
        f"{listed([_line_text(line) for line in quote.lines])}: {_totals_text(quote.totals, quote.percent)}, "
        f"charged to your card ending {quote.card_last_four}."
    )


@tool(Effect.MONEY, scope="own:write", label="Preparing your order", propose=_propose)
def checkout(context: ToolContext, state: State = "") -> ToolResult:
    """Buy what is in the customer's cart with their card on file.

    Call it as soon as they want to check out or pay. It is carried out only after their yes.
    """
    request = Request(state=state or None, source="chat")
    order = context.services.checkout.place(context.principal.id, request=request, key=context.call_id)
    if order.status is OrderStatus.PAID:
        say = f"Thank you! Your order {order.id} is placed: {order.totals.total} was charged to your card."
    else:
        say = f"Your order {order.id} is placed: {STATUS_TEXT[order.status]}."
    return ToolResult(say, _data(order), (_card(context, order),))


@tool(Effect.READ, scope="own:read", label="Looking up your order")
def order_status(context: ToolContext, order: OrderId = "") -> ToolResult:
    """The status of one of the customer's orders, and what is in it: the latest, or the one with that id."""
    mine = context.principal.id
    if order:
        found = context.services.checkout.find(order, customer_id=mine)
    else:
        latest = context.services.checkout.orders(mine, limit=1)
        if not latest:
            return ToolResult("You have not ordered anything yet.", {"orders": []})
        found = latest[0]
    bought = listed([_line_text(line) for line in found.lines])
    say = (
        f"Your order {found.id} of {_day(context, found)}: {STATUS_TEXT[found.status]}. It is {bought}, "
        f"{found.totals.total} in all."
    )
    return ToolResult(say, _data(found), (_card(context, found),))


@tool(Effect.READ, scope="own:read", label="Looking up your orders")
def my_orders(context: ToolContext) -> ToolResult:
    """The customer's latest orders: day, what was bought, total and status."""
    orders = context.services.checkout.orders(context.principal.id, limit=SHOWN)
    if not orders:
        return ToolResult("You have not ordered anything yet.", {"orders": []})
    lines = [f"{number}. {_order_line(context, each)}" for number, each in enumerate(orders, start=1)]
    say = "\n".join(["Your latest orders:", *lines])
    data = [{**_data(each), "title": _title(context, each)} for each in orders]
    return ToolResult(say, {"orders": data}, _order_cards(context, orders))


def _matching(cart: Cart, said: str) -> list[Product]:
    """Products in the cart with this name or id, or else of this kind."""
    held = [line.product for line in cart.lines]
    named = [each for each in held if said.casefold() in (each.id, each.name.casefold())]
    words = set(words_of(said))
    return named or [
        each
        for each in held
        if words and words == set(shared(said, terms_of(f"{each.name} {each.category}")))
    ]


def _cart_line(line: CartLine, cart: Cart) -> str:
    """Such as `2 x Night Owl Gummies — $28.00 each (it was $30.00 when you added it)`."""
    each = " each" if line.quantity > 1 else ""
    was = f" (it was {line.locked} when you added it)" if line.has_changed(cart.at) else ""
    is_there = line.product.available and line.product.free >= line.quantity
    return f"{line.quantity} x {line.product.name} — {line.price(cart.at)}{each}{was}" + (
        "" if is_there else ", not in stock at the moment"
    )


def _totals_text(totals: Totals, percent: int) -> str:
    """Such as `$72.00, less $7.20 member discount, plus $4.05 tax: $68.85 in all`."""
    name = f" ({percent}% for members)" if percent else ""
    less = f", less {totals.discount} discount{name}" if totals.discount.cents else ""
    return f"{totals.subtotal}{less}, plus {totals.tax} tax: {totals.total} in all"


def _line_text(line: Line) -> str:
    return f"{line.quantity} x {line.name}" + (" as a gift" if line.is_gift else "")


def _order_line(context: ToolContext, order: Order) -> str:
    bought = listed([_line_text(line) for line in order.lines])
    return f"{_day(context, order)} — {bought}, {order.totals.total}: {STATUS_TEXT[order.status]}"


def _title(context: ToolContext, order: Order) -> str:
    return f"Order of {_day(context, order)}"


def _day(context: ToolContext, order: Order) -> str:
    return long_date(context.services.calendar.day(order.created_at))


def _cart_data(cart: Cart) -> dict[str, Any]:
    lines = [
        {
            "id": line.product.id,
            "name": line.product.name,
            "quantity": line.quantity,
            "price": dollars(line.price(cart.at)),
            "price_changed": line.has_changed(cart.at),
        }
        for line in cart.lines
    ]
    return {"lines": lines, "subtotal": dollars(cart.subtotal)}


def _cards(cart: Cart) -> tuple[Card, ...]:
    return tuple(
        Card(
            kind="cart_line",
            id=line.product.id,
            title=line.product.name,
            subtitle=f"{line.quantity} in your cart",
            price=dollars(line.price(cart.at) * line.quantity),
            badges=("price changed",) if line.has_changed(cart.at) else (),
        )
        for line in cart.lines
    )


def _data(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "status": order.status,
        "lines": [{"name": line.name, "quantity": line.quantity} for line in order.lines],
        "discount": dollars(order.totals.discount),
        "tax": dollars(order.totals.tax),
        "total": dollars(order.totals.total),
    }


def _order_cards(context: ToolContext, orders: Sequence[Order]) -> tuple[Card, ...]:
    return tuple(_card(context, order) for order in orders)


def _card(context: ToolContext, order: Order) -> Card:
    return Card(
        kind="order",
        id=order.id,
        title=_title(context, order),
        subtitle=listed([_line_text(line) for line in order.lines]),
        price=dollars(order.totals.total),
        badges=(order.status,),
    )
