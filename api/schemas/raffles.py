"""Raffles, their draws and their tickets."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from api.schemas.base import Moment, PlainText, Schema, Timestamp, example
from api.schemas.ids import RaffleRef
from api.schemas.money import Amount, PayableAmount
from commerce.raffles.draw.algorithms import HMAC_V1
from commerce.raffles.models import Plan, Raffle, RaffleStatus, Receipt, Ticket
from commerce.raffles.proofs import DrawProgress

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
Count = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
Title = Annotated[PlainText, Field(min_length=1, max_length=200)]
Digest = Annotated[str | None, Field(examples=[DIGEST])]


class RaffleOut(Schema):
    """A raffle."""

    model_config = example(
        id="rfl_spring",
        title="Spring Raffle",
        prize="A garden bench",
        maxTickets=500,
        ticketsLeft=380,
        perCustomerLimit=10,
        minimumAge=21,
        runnersUp=2,
    )

    id: str
    """Id of the raffle."""
    title: str
    """Title as customers see it."""
    prize: str
    """What the winner gets."""
    status: RaffleStatus
    """State of the raffle."""
    ticket_price: Amount
    """Price of one ticket."""
    max_tickets: int
    """Number of tickets for sale in all."""
    tickets_left: int
    """Number of tickets that are not sold yet."""
    per_customer_limit: int
    """Number of tickets that one customer may hold."""
    minimum_age: int
    """Age in years from which on one may take part."""
    runners_up: int
    """Number of runners-up that are drawn besides the winner."""
    opens_at: Timestamp
    """When the sale of tickets begins."""
    closes_at: Timestamp
    """When the sale of tickets ends."""

    @classmethod
    def of(cls, raffle: Raffle) -> "RaffleOut":
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
            runners_up=raffle.runners_up,
            opens_at=raffle.opens_at,
            closes_at=raffle.closes_at,
        )


class DrawOut(Schema):
    """Progress of the draw, and what was committed to before it."""

    seed_sha256: Digest
    """SHA-256 of the shop's seed, public since the raffle opened; null for a draft."""
    commitment_sha256: Digest
    """SHA-256 of the commitment, public since the raffle closed."""
    list_sha256: Digest
    """SHA-256 of the list of tickets, public since the raffle closed."""
    round: int | None
    """Round of the public randomness beacon that decides; null where the seed decides."""
    draw_from: Timestamp | None
    """When the randomness is known, so that the draw can be made."""
    winning_ticket: int | None
    """Number of the winning ticket: for staff once it is drawn, for everybody once it is published."""
    runners_up: tuple[int, ...]
    """Ticket numbers of the runners-up, in their order."""

    @classmethod
    def of(cls, progress: DrawProgress, *, knows_all: bool) -> "DrawOut":
        commitment, result = progress.commitment, progress.result
        named = commitment.round if commitment else None
        numbers = result.numbers if result and (knows_all or result.published_at) else ()
        return cls(
            seed_sha256=progress.seed_sha256,
            commitment_sha256=commitment.sha256() if commitment else None,
            list_sha256=commitment.list_sha256 if commitment else None,
            round=named.number if named else None,
            draw_from=commitment.draw_from if commitment else None,
            winning_ticket=next(iter(numbers), None),
            runners_up=tuple(numbers[1:]),
        )


class RaffleDetailOut(RaffleOut):
    """A raffle with its draw."""

    model_config = example(id="rfl_spring", title="Spring Raffle", prize="A garden bench")

    draw: DrawOut
    """The draw of the raffle."""

    @classmethod
    def detailed(cls, raffle: Raffle, progress: DrawProgress, *, knows_all: bool) -> "RaffleDetailOut":
        return cls(**dict(RaffleOut.of(raffle)), draw=DrawOut.of(progress, knows_all=knows_all))


class RaffleIn(Schema):
    """Terms of a raffle."""

    model_config = example(
        title="Spring Raffle",
        prize="A garden bench",
        ticketPrice={"amount": "5.00", "currency": "USD"},
        maxTickets=500,
        perCustomerLimit=10,
        minimumAge=21,
        runnersUp=2,
        opensAt="2026-03-01T12:00:00Z",
        closesAt="2026-04-01T12:00:00Z",
        algorithm=HMAC_V1,
    )

    title: Title
    """Title as customers see it."""
    prize: Title
    """What the winner gets."""
    ticket_price: PayableAmount
    """Price of one ticket."""
    max_tickets: Count
    """Number of tickets for sale in all."""
    per_customer_limit: Count
    """Number of tickets that one customer may hold."""
    minimum_age: Count
    """Age in years from which on one may take part."""
    runners_up: Count = 0
    """Number of runners-up that are drawn besides the winner."""
    opens_at: Moment
    """When the sale of tickets begins."""
    closes_at: Moment
    """When the sale of tickets ends."""
    algorithm: PlainText = HMAC_V1
    """Name of the algorithm of the draw."""

    def plan(self) -> Plan:
        return Plan(**dict(self))


class RaffleCancellation(Schema):
    """Why a raffle is cancelled."""

    model_config = example(reason="The prize is not available.")

    reason: Title
    """Reason, as the buyers read it."""


class TicketOut(Schema):
    """A ticket."""

    model_config = example(id="tkt_3c5v6b4n8f2k1m9q0z7x", raffleTitle="Spring Raffle", number=17)

    id: str
    """Id of the ticket."""
    raffle_id: RaffleRef
    raffle_title: str
    """Title of the raffle."""
    number: int
    """Number of the ticket in the raffle."""
    issued_at: Timestamp
    """When it was issued."""


class RaffleTicketsOut(Schema):
    """The caller's tickets in one raffle; at most as many as the raffle allows one customer."""

    model_config = example(holder="5f0c7d2a81b3e0aa")

    holder: str | None
    """Pseudonym of the caller in the public list of tickets; null without a ticket."""
    tickets: list[TicketOut]
    """The tickets, the earliest first."""


class TicketOrderIn(Schema):
    """How many tickets to buy."""

    model_config = example(quantity=2)

    quantity: Annotated[int, Field(ge=1, le=1_000, strict=True)]
    """Number of tickets."""


class TicketPurchaseOut(Schema):
    """A purchase of tickets."""

    raffle_id: RaffleRef
    quantity: int
    """Number of tickets."""
    amount: Amount
    """What was charged."""
    tickets: list[TicketOut]
    """The tickets that were issued."""

    @classmethod
    def of(cls, receipt: Receipt) -> "TicketPurchaseOut":
        return cls(
            raffle_id=receipt.raffle.id,
            quantity=receipt.purchase.quantity,
            amount=receipt.purchase.total,
            tickets=tickets_out(receipt.tickets),
        )


def tickets_out(tickets: Sequence[Ticket]) -> list[TicketOut]:
    return [TicketOut.model_validate(ticket) for ticket in tickets]
