"""Tools for raffles."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any

from pydantic import Field

from commerce.raffles.models import Raffle, Ticket
from commerce.raffles.proofs import Result
from tools.base import Effect, ToolContext, slot, tool
from tools.phrases import Name, counted, dollars, listed, long_date
from tools.results import Card, ToolResult

MOST_AT_ONCE = 100
CHECK = "Anyone can check a draw: take its proof from our site and run `livhana raffle verify`."
BY_BEACON = (
    "When a raffle closes, we publish a fingerprint of its list of tickets and name a round of drand, a "
    "public source of random numbers, that is still to come. The winning tickets follow from these two "
    f"alone, so nobody can choose them, and neither can we. {CHECK}"
)
BY_SEED = (
    "When a raffle opens, we publish the fingerprint of a secret number; when it closes, that of its list "
    "of tickets. The winning tickets follow from these two alone, and the number is shown after the draw, so "
    f"we cannot change it. {CHECK}"
)

RaffleName = Annotated[
    Name, slot("raffle", ask="Which raffle would you like to enter?", description="Its id or title")
]
Quantity = Annotated[
    int,
    Field(ge=1, le=MOST_AT_ONCE),
    slot("count", ask="How many tickets would you like?", description="How many tickets"),
]


@tool(Effect.READ, scope="shop:read", label="Looking up the raffles")
def list_raffles(context: ToolContext) -> ToolResult:
    """The raffles that are open: prize, ticket price, limit, tickets left and closing day."""
    raffles = context.services.raffles.list_open()
    if not raffles:
        return ToolResult("No raffle is open at the moment.", {"raffles": []})
    are = "One raffle is" if len(raffles) == 1 else f"{len(raffles)} raffles are"
    lines = [f"{number}. {_line(context, raffle)}" for number, raffle in enumerate(raffles, start=1)]
    cards = tuple(
        Card("raffle", raffle.id, raffle.title, f"Win {raffle.prize}", dollars(raffle.ticket_price))
        for raffle in raffles
    )
    return ToolResult(
        "\n".join([f"{are} open:", *lines]), {"raffles": [_data(raffle) for raffle in raffles]}, cards
    )


@tool(Effect.READ, scope="own:read", label="Looking up your tickets")
def my_raffle_tickets(context: ToolContext) -> ToolResult:
    """The customer's own tickets, by raffle, with their numbers."""
    tickets = context.services.raffles.my_tickets(context.principal.id)
    if not tickets:
        return ToolResult("You have no raffle tickets.", {"tickets": []})
    results = {result.raffle.id: result for result in context.services.draw_proofs.results()}
    by_raffle = groupby(
        sorted(tickets, key=_place), key=lambda ticket: (ticket.raffle_title, ticket.raffle_id)
    )
    lines = [
        _tickets_line(title, list(theirs), results.get(raffle_id)) for (title, raffle_id), theirs in by_raffle
    ]
    data = [{"raffle": ticket.raffle_title, "number": ticket.number} for ticket in tickets]
    say = "\n".join([f"You have {counted(len(tickets), 'raffle ticket')}:", *lines])
    return ToolResult(say, {"tickets": data})


@tool(Effect.READ, scope="shop:read", label="Looking up the last draws")
def raffle_results(context: ToolContext) -> ToolResult:
    """Which ticket numbers won the raffles that were drawn last, with their runners-up."""
    results = context.services.draw_proofs.results()
    if not results:
        return ToolResult("No raffle has been drawn yet.", {"results": []})
    lines = [_result(context, result) for result in results]
    data = [{"raffle": result.raffle.title, "winning_ticket": result.numbers[0]} for result in results]
    return ToolResult("\n".join(["These raffles were drawn last:", *lines]), {"results": data})


@tool(Effect.READ, scope="shop:read", label="Looking up how raffles are drawn")
def raffle_proof(context: ToolContext) -> ToolResult:
    """How a raffle is drawn, why nobody can choose the winner, and how anyone can check a draw."""
    proofs = context.services.draw_proofs
    latest = proofs.results(limit=1)
    said = [BY_BEACON if proofs.beacon_decides else BY_SEED, *map(_check, latest)]
    data = [{"raffle_id": result.raffle.id, "proof": _address(result)} for result in latest]
    return ToolResult(" ".join(said), {"latest": data})


def _propose(context: ToolContext, raffle: str, quantity: int) -> str:
    quote = context.services.raffles.quote(
        context.principal.id, raffle_id=_raffle_id(context, raffle), quantity=quantity, key=context.call_id
    )
    return (
        f"{counted(quantity, 'ticket')} for {quote.raffle.title} at {quote.raffle.ticket_price} each: "
        f"{quote.total} in all, charged to your {quote.card}."
    )


@tool(Effect.MONEY, scope="own:write", label="Preparing your tickets", propose=_propose)
def buy_raffle_tickets(context: ToolContext, raffle: RaffleName, quantity: Quantity) -> ToolResult:
    """Buy tickets of an open raffle with the customer's card on file.

    Call it as soon as the customer has named the raffle and how many. It is carried out only after their yes.
    """
    receipt = context.services.raffles.buy_tickets(
        context.principal.id, raffle_id=_raffle_id(context, raffle), quantity=quantity, key=context.call_id
    )
    say = (
        f"Done: in {receipt.raffle.title} you have {_numbers(receipt.tickets)}. "
        f"{receipt.purchase.total} was charged to your card. Good luck!"
    )
    data = {
        "raffle": receipt.raffle.title,
        "numbers": [ticket.number for ticket in receipt.tickets],
        "total": dollars(receipt.purchase.total),
    }
    return ToolResult(say, data)


def _tickets_line(title: str, tickets: Sequence[Ticket], result: Result | None) -> str:
    line = f"- {title}: {_numbers(tickets)}"
    if result is None:
        return line
    winner = result.numbers[0]
    is_mine = any(ticket.number == winner for ticket in tickets)
    return f"{line}. Drawn: {'your number' if is_mine else 'number'} {winner} won{'!' if is_mine else ''}"


def _result(context: ToolContext, result: Result) -> str:
    winner, *others = result.numbers
    day = long_date(context.services.calendar.day(result.drawn_at))
    line = f"- {result.raffle.title} ({result.raffle.prize}), drawn on {day}: ticket {winner} won"
    return f"{line}; runners-up: {listed([str(number) for number in others])}" if others else line


def _check(result: Result) -> str:
    return (
        f"The last one was {result.raffle.title}: ticket {result.numbers[0]} won. "
        f"Its tickets and the draw are at {_address(result)}."
    )


def _address(result: Result) -> str:
    return f"/api/raffles/{result.raffle.id}/proof"


def _raffle_id(context: ToolContext, raffle: str) -> str:
    """The id of the open raffle with that title; any other text is used as an id."""
    titled = (
        each.id for each in context.services.raffles.list_open() if each.title.casefold() == raffle.casefold()
    )
    return next(titled, raffle)


def _line(context: ToolContext, raffle: Raffle) -> str:
    left = raffle.max_tickets - raffle.sold
    return (
        f"{raffle.title} — win {raffle.prize}. {raffle.ticket_price} a ticket, at most "
        f"{counted(raffle.per_customer_limit, 'ticket')} a customer, {left:,} of {raffle.max_tickets:,} "
        f"left. Closes on {long_date(context.services.calendar.day(raffle.closes_at))}."
    )


def _numbers(tickets: Sequence[Ticket]) -> str:
    """Such as `number 3` and `numbers 3, 4 and 5`."""
    numbers = [str(ticket.number) for ticket in tickets]
    return f"{'number' if len(numbers) == 1 else 'numbers'} {listed(numbers)}"


def _place(ticket: Ticket) -> tuple[str, int]:
    return ticket.raffle_title, ticket.number


def _data(raffle: Raffle) -> dict[str, Any]:
    return {
        "id": raffle.id,
        "title": raffle.title,
        "prize": raffle.prize,
        "ticket_price": dollars(raffle.ticket_price),
        "per_customer_limit": raffle.per_customer_limit,
        "tickets_left": raffle.max_tickets - raffle.sold,
        "closes_at": raffle.closes_at.isoformat(),
    }
