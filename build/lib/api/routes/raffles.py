"""Raffles: which are open, and tickets for them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from api.deps import MoneyKey, Owner, PathId, TheHouse, Visitor
from api.envelope import Envelope
from api.errors import refusals
from api.shapes import Dollars, Shape, Timestamp
from commerce.raffles.models import Raffle, RaffleStatus, Receipt, Ticket

router = APIRouter(
    prefix="/api/raffles",
    tags=["raffles"],
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


class RaffleShown(Shape):
    id: str
    title: str
    prize: str
    status: RaffleStatus
    ticket_price: Dollars
    max_tickets: int
    tickets_left: int
    per_customer_limit: int
    minimum_age: int
    opens_at: Timestamp
    closes_at: Timestamp

    @classmethod
    def of(cls, raffle: Raffle) -> "RaffleShown":
        return cls(
            id=raffle.id,
            title=raffle.title,
            prize=raffle.prize,
            status=raffle.status,
            ticket_price=raffle.ticket_price,
            max_tickets=raffle.max_tickets,
            tickets_left=max(0, raffle.max_tickets - raffle.sold),
            per_customer_limit=raffle.per_customer_limit,
            minimum_age=raffle.minimum_age,
            opens_at=raffle.opens_at,
            closes_at=raffle.closes_at,
        )


class TicketHeld(Shape):
    id: str
    raffle_id: str
    raffle_title: str
    number: int
    issued_at: Timestamp


class TicketOrder(Shape):
    model_config = ConfigDict(json_schema_extra={"example": {"quantity": 2}})

    quantity: Annotated[int, Field(ge=1, le=1_000, strict=True)]


class TicketsBought(Shape):
    raffle_id: str
    quantity: int
    amount: Dollars
    tickets: list[TicketHeld]

    @classmethod
    def of(cls, receipt: Receipt) -> "TicketsBought":
        return cls(
            raffle_id=receipt.raffle.id,
            quantity=receipt.purchase.quantity,
            amount=receipt.purchase.total,
            tickets=_held(receipt.tickets),
        )


@router.get("")
def open_raffles(_: Visitor, house: TheHouse) -> Envelope[list[RaffleShown]]:
    """The raffles that sell tickets now."""
    return Envelope(data=[RaffleShown.of(raffle) for raffle in house.services.raffles.list_open()])


@router.get("/tickets/mine")
def my_tickets(principal: Owner, house: TheHouse) -> Envelope[list[TicketHeld]]:
    """The caller's tickets in every raffle."""
    return Envelope(data=_held(house.services.raffles.my_tickets(principal.id)))


@router.get("/{raffle_id}", responses=refusals("NOT_FOUND"))
def raffle(raffle_id: PathId, _: Visitor, house: TheHouse) -> Envelope[RaffleShown]:
    """A raffle, open or over."""
    return Envelope(data=RaffleShown.of(house.services.raffles.find(raffle_id)))


@router.post(
    "/{raffle_id}/tickets",
    status_code=201,
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def buy_tickets(
    raffle_id: PathId, order: TicketOrder, principal: Owner, key: MoneyKey, house: TheHouse
) -> Envelope[TicketsBought]:
    """Buy tickets: the card on file is charged now, once for this key, and the numbers are issued."""
    receipt = house.services.raffles.buy_tickets(
        principal.id, raffle_id=raffle_id, quantity=order.quantity, key=key
    )
    return Envelope(data=TicketsBought.of(receipt))


def _held(tickets: Sequence[Ticket]) -> list[TicketHeld]:
    return [TicketHeld.model_validate(ticket) for ticket in tickets]
