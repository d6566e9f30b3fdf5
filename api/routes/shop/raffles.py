"""Raffles: which are open, tickets for them, what staff do with them, and how a draw is proven."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from fastapi import Query, Response
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from api.authorization import Customer, Manager, NotAllowed, Owner, Visitor
from api.deps import (
    DrawProofsDep,
    MoneyKey,
    PathId,
    RaffleAdminDep,
    RaffleDrawsDep,
    RafflesDep,
    TheFingerprint,
)
from api.envelope import Envelope
from api.errors import refusals
from api.routing import api_router
from api.schemas.base import Amount, Dollars, PlainText, Schema, Timestamp
from commerce.raffles.draw.algorithms import HMAC_V1
from commerce.raffles.draw.bundle import Bundle
from commerce.raffles.models import Plan, Raffle, RaffleNotFound, RaffleStatus, Receipt, Ticket
from commerce.raffles.proofs import DrawProgress, DrawProofs
from foundation.auth import Principal
from foundation.money import Money

MANAGE = "shop:manage"
A_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})"
EXAMPLE: JsonDict = {
    "title": "Spring Raffle",
    "prize": "A garden bench",
    "ticketPrice": "5.00",
    "maxTickets": 500,
    "perCustomerLimit": 10,
    "minimumAge": 21,
    "runnersUp": 2,
    "opensAt": "2026-03-01T12:00:00Z",
    "closesAt": "2026-04-01T12:00:00Z",
}
router = api_router(
    prefix="/api/raffles",
    tag="raffles",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)


def _written_moment(given: object) -> str:
    if not isinstance(given, str) or not re.fullmatch(A_MOMENT, given):
        raise ValueError("expected a time with its offset, such as 2026-03-01T12:00:00Z")
    return given


Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment)]
Count = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
Title = Annotated[PlainText, Field(min_length=1, max_length=200)]


class RaffleShown(Schema):
    id: str
    title: str
    prize: str
    status: RaffleStatus
    ticket_price: Dollars
    max_tickets: int
    tickets_left: int
    per_customer_limit: int
    minimum_age: int
    runners_up: int
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
            runners_up=raffle.runners_up,
            opens_at=raffle.opens_at,
            closes_at=raffle.closes_at,
        )


class DrawShown(Schema):
    """How far the draw has come, and what was promised of it."""

    seed_sha256: str | None
    commitment_sha256: str | None
    list_sha256: str | None
    round: int | None
    draw_from: Timestamp | None
    winning_ticket: int | None
    """Known to staff once it is drawn, to everybody once it is published."""
    runners_up: tuple[int, ...]

    @classmethod
    def of(cls, progress: DrawProgress, *, knows_all: bool) -> "DrawShown":
        commitment, result = progress.commitment, progress.result
        named = commitment.round if commitment else None
        told = result.numbers if result and (knows_all or result.published_at) else ()
        return cls(
            seed_sha256=progress.seed_sha256,
            commitment_sha256=commitment.sha256() if commitment else None,
            list_sha256=commitment.list_sha256 if commitment else None,
            round=named.number if named else None,
            draw_from=commitment.draw_from if commitment else None,
            winning_ticket=next(iter(told), None),
            runners_up=tuple(told[1:]),
        )


class RaffleInFull(RaffleShown):
    draw: DrawShown

    @classmethod
    def told(cls, raffle: Raffle, proofs: DrawProofs, *, to: Principal) -> "RaffleInFull":
        """A draft is there for staff alone."""
        knows_all = MANAGE in to.scopes
        if raffle.status is RaffleStatus.DRAFT and not knows_all:
            raise RaffleNotFound
        progress = proofs.progress(raffle.id)
        return cls(**dict(RaffleShown.of(raffle)), draw=DrawShown.of(progress, knows_all=knows_all))


class RafflePlanned(Schema):
    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    title: Title
    prize: Title
    ticket_price: Amount
    max_tickets: Count
    per_customer_limit: Count
    minimum_age: Count
    runners_up: Count = 0
    opens_at: Moment
    closes_at: Moment
    algorithm: PlainText = HMAC_V1

    def plan(self) -> Plan:
        told = dict(self)
        return Plan(**told | {"ticket_price": Money.from_dollars(Decimal(self.ticket_price))})


class Cancellation(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"reason": "The prize is not available."}})

    reason: Title


class TicketHeld(Schema):
    id: str
    raffle_id: str
    raffle_title: str
    number: int
    issued_at: Timestamp


class MyTickets(Schema):
    """`holder` is the name under which the public list shows the caller; nobody else can tell whose it is."""

    holder: str | None
    tickets: list[TicketHeld]


class TicketOrder(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"quantity": 2}})

    quantity: Annotated[int, Field(ge=1, le=1_000, strict=True)]


class TicketsBought(Schema):
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
def list_raffles(
    principal: Visitor, raffles: RafflesDep, status: Annotated[RaffleStatus, Query()] = RaffleStatus.OPEN
) -> Envelope[list[RaffleShown]]:
    """The raffles that sell tickets now; or the latest of another status, drafts for staff alone."""
    if status is RaffleStatus.OPEN:
        found = raffles.list_open()
    elif status is RaffleStatus.DRAFT and MANAGE not in principal.scopes:
        raise NotAllowed(MANAGE)
    else:
        found = raffles.in_status(status)
    return Envelope(data=[RaffleShown.of(raffle) for raffle in found])


@router.post("", status_code=201)
def create_raffle(planned: RafflePlanned, _: Manager, admin: RaffleAdminDep) -> Envelope[RaffleShown]:
    """Plan a raffle: a draft, which customers do not see."""
    return Envelope(data=RaffleShown.of(admin.create(planned.plan())))


@router.get("/tickets/mine")
def list_tickets(principal: Customer, raffles: RafflesDep) -> Envelope[list[TicketHeld]]:
    """The caller's tickets in every raffle."""
    return Envelope(data=_held(raffles.my_tickets(principal.id)))


@router.get("/{raffle_id}", responses=refusals("NOT_FOUND"))
def get_raffle(
    raffle_id: PathId, principal: Visitor, raffles: RafflesDep, proofs: DrawProofsDep
) -> Envelope[RaffleInFull]:
    """A raffle, open or over, with what is known of its draw."""
    return Envelope(data=RaffleInFull.told(raffles.find(raffle_id), proofs, to=principal))


@router.put("/{raffle_id}", responses=refusals("NOT_FOUND", "CONFLICT"))
def update_raffle(
    raffle_id: PathId, planned: RafflePlanned, _: Manager, admin: RaffleAdminDep
) -> Envelope[RaffleShown]:
    """Change a draft; once it is open, what was offered stands."""
    return Envelope(data=RaffleShown.of(admin.edit(raffle_id, planned.plan())))


@router.post("/{raffle_id}/open", responses=refusals("NOT_FOUND", "CONFLICT"))
def open_raffle(
    raffle_id: PathId,
    principal: Manager,
    admin: RaffleAdminDep,
    raffles: RafflesDep,
    proofs: DrawProofsDep,
) -> Envelope[RaffleInFull]:
    """Sell its tickets from the opening time on; the digest of its seed is public from now on."""
    admin.open(raffle_id)
    return Envelope(data=RaffleInFull.told(raffles.find(raffle_id), proofs, to=principal))


@router.post("/{raffle_id}/close", responses=refusals("NOT_FOUND", "CONFLICT"))
def close_raffle(
    raffle_id: PathId,
    principal: Manager,
    draws: RaffleDrawsDep,
    raffles: RafflesDep,
    proofs: DrawProofsDep,
) -> Envelope[RaffleInFull]:
    """Sell no more, and commit to the list of tickets and a round of the public beacon still to come."""
    draws.close(raffle_id)
    return Envelope(data=RaffleInFull.told(raffles.find(raffle_id), proofs, to=principal))


@router.post("/{raffle_id}/draw", responses=refusals("NOT_FOUND", "CONFLICT", "UNAVAILABLE"))
def draw_raffle(
    raffle_id: PathId,
    principal: Manager,
    draws: RaffleDrawsDep,
    raffles: RafflesDep,
    proofs: DrawProofsDep,
) -> Envelope[RaffleInFull]:
    """Draw winner and runners-up by that round; asked again, the result stays what it is."""
    draws.draw(raffle_id)
    return Envelope(data=RaffleInFull.told(raffles.find(raffle_id), proofs, to=principal))


@router.post("/{raffle_id}/publish", responses=refusals("NOT_FOUND", "CONFLICT"))
def publish_raffle(
    raffle_id: PathId,
    principal: Manager,
    draws: RaffleDrawsDep,
    raffles: RafflesDep,
    proofs: DrawProofsDep,
) -> Envelope[RaffleInFull]:
    """Make the result public, and tell those who won."""
    draws.publish(raffle_id)
    return Envelope(data=RaffleInFull.told(raffles.find(raffle_id), proofs, to=principal))


@router.post("/{raffle_id}/cancel", responses=refusals("NOT_FOUND", "CONFLICT"))
def cancel_raffle(
    raffle_id: PathId, cancellation: Cancellation, _: Manager, admin: RaffleAdminDep
) -> Envelope[RaffleShown]:
    """Call it off, before it is drawn: every ticket is refunded, and every buyer told."""
    return Envelope(data=RaffleShown.of(admin.cancel(raffle_id, reason=cancellation.reason)))


@router.get(
    "/{raffle_id}/proof",
    response_class=Response,
    responses={200: {"model": Bundle}, **refusals("NOT_FOUND")},
)
def get_raffle_proof(raffle_id: PathId, proofs: DrawProofsDep) -> Response:
    """The bundle by which anybody may check the draw: `livhana raffle verify`. No token is needed.

    It comes bare, without the envelope: from closing on the commitment and every ticket, after publishing
    the randomness and the winners.
    """
    return Response(proofs.bundle(raffle_id), media_type="application/json")


@router.get("/{raffle_id}/tickets", responses=refusals("NOT_FOUND"))
def list_raffle_tickets(
    raffle_id: PathId, principal: Customer, raffles: RafflesDep, proofs: DrawProofsDep
) -> Envelope[MyTickets]:
    """The caller's tickets in this raffle, and how to find them in its public list."""
    raffles.find(raffle_id)
    mine = raffles.my_tickets(principal.id)
    holder = proofs.holder(principal.id, raffle_id=raffle_id)
    here = _held([ticket for ticket in mine if ticket.raffle_id == raffle_id])
    return Envelope(data=MyTickets(holder=holder, tickets=here))


@router.post(
    "/{raffle_id}/tickets",
    status_code=201,
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def buy_raffle_tickets(
    raffle_id: PathId,
    order: TicketOrder,
    principal: Owner,
    key: MoneyKey,
    raffles: RafflesDep,
    fingerprint: TheFingerprint,
) -> Envelope[TicketsBought]:
    """Buy tickets: the card on file is charged now, once for this key, and the numbers are issued."""
    receipt = raffles.buy_tickets(
        principal.id, raffle_id=raffle_id, quantity=order.quantity, key=key, fingerprint=fingerprint
    )
    return Envelope(data=TicketsBought.of(receipt))


def _held(tickets: Sequence[Ticket]) -> list[TicketHeld]:
    return [TicketHeld.model_validate(ticket) for ticket in tickets]
