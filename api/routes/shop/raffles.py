"""Raffles: their lists, their tickets, what staff do with them, and the proof of a draw."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Response

from api.authorization import Customer, Manager, NotAllowed, Owner, Visitor
from api.deps import DrawProofsDep, MoneyKey, RaffleAdminDep, RaffleDrawsDep, RafflesDep, TheFingerprint
from api.envelope import Envelope, Page
from api.errors import refusals
from api.pagination import Key, PageOf, PageRequest, time_key
from api.routing import api_router
from api.schemas.ids import RafflePath
from api.schemas.raffles import (
    RaffleCancellation,
    RaffleDetailOut,
    RaffleIn,
    RaffleOut,
    RaffleTicketsOut,
    TicketOrderIn,
    TicketOut,
    TicketPurchaseOut,
    tickets_out,
)
from commerce.raffles.draw.bundle import Bundle
from commerce.raffles.models import Raffle, RaffleNotFound, RaffleStatus, Ticket
from foundation.auth import Principal

MANAGE = "shop:manage"
router = api_router(
    prefix="/api/raffles",
    tag="raffles",
    responses=refusals("INVALID_INPUT", "UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"),
)
RafflePages = Annotated[PageRequest, Depends(PageOf("raffles"))]
TicketPages = Annotated[PageRequest, Depends(PageOf("tickets", (int, str, int)))]


@dataclass(frozen=True)
class RaffleDetails:
    """Reads a raffle together with its draw."""

    raffles: RafflesDep
    proofs: DrawProofsDep

    def of(self, raffle_id: str, principal: Principal) -> Envelope[RaffleDetailOut]:
        """A draft is found by staff alone."""
        raffle, knows_all = self.raffles.find(raffle_id), MANAGE in principal.scopes
        if raffle.status is RaffleStatus.DRAFT and not knows_all:
            raise RaffleNotFound
        progress = self.proofs.progress(raffle_id)
        return Envelope(data=RaffleDetailOut.detailed(raffle, progress, knows_all=knows_all))


DetailsDep = Annotated[RaffleDetails, Depends()]


@router.get("")
def list_raffles(
    principal: Visitor,
    raffles: RafflesDep,
    page: RafflePages,
    status: Annotated[
        RaffleStatus, Query(description="Only raffles of this status; drafts are for staff.")
    ] = RaffleStatus.OPEN,
) -> Page[RaffleOut]:
    """List raffles that sell tickets now, the first to close first.

    Raffles of another status than `open` are listed the last to close first.
    """
    if status is RaffleStatus.OPEN:
        return page.cut(raffles.list_open(), RaffleOut.of, key=_closing_key)
    if status is RaffleStatus.DRAFT and MANAGE not in principal.scopes:
        raise NotAllowed(MANAGE)
    found = raffles.in_status(status, limit=page.fetched, after=page.after)
    return page.of(found, RaffleOut.of, key=_closing_key)


@router.post("", status_code=201)
def create_raffle(planned: RaffleIn, _: Manager, admin: RaffleAdminDep) -> Envelope[RaffleOut]:
    """Create a raffle as a draft, which customers do not see."""
    return Envelope(data=RaffleOut.of(admin.create(planned.plan())))


@router.get("/tickets/mine")
def list_tickets(principal: Customer, raffles: RafflesDep, page: TicketPages) -> Page[TicketOut]:
    """List the caller's tickets in all raffles, the earliest first."""
    return page.cut(raffles.my_tickets(principal.id), TicketOut.model_validate, key=_ticket_key)


@router.get("/{raffle_id}", responses=refusals("NOT_FOUND"))
def get_raffle(raffle_id: RafflePath, principal: Visitor, details: DetailsDep) -> Envelope[RaffleDetailOut]:
    """Get a raffle, open or over, with the progress of its draw."""
    return details.of(raffle_id, principal)


@router.put("/{raffle_id}", responses=refusals("NOT_FOUND", "CONFLICT"))
def update_raffle(
    raffle_id: RafflePath, planned: RaffleIn, _: Manager, admin: RaffleAdminDep
) -> Envelope[RaffleOut]:
    """Change a draft. The terms of an open raffle cannot be changed."""
    return Envelope(data=RaffleOut.of(admin.edit(raffle_id, planned.plan())))


@router.post("/{raffle_id}/open", responses=refusals("NOT_FOUND", "CONFLICT"))
def open_raffle(
    raffle_id: RafflePath, principal: Manager, admin: RaffleAdminDep, details: DetailsDep
) -> Envelope[RaffleDetailOut]:
    """Open a draft: tickets are sold from its opening time on, and the digest of its seed is public."""
    admin.open(raffle_id)
    return details.of(raffle_id, principal)


@router.post("/{raffle_id}/close", responses=refusals("NOT_FOUND", "CONFLICT"))
def close_raffle(
    raffle_id: RafflePath, principal: Manager, draws: RaffleDrawsDep, details: DetailsDep
) -> Envelope[RaffleDetailOut]:
    """Close the sale, and commit to the list of tickets and to a future round of the public beacon."""
    draws.close(raffle_id)
    return details.of(raffle_id, principal)


@router.post("/{raffle_id}/draw", responses=refusals("NOT_FOUND", "CONFLICT", "UNAVAILABLE"))
def draw_raffle(
    raffle_id: RafflePath, principal: Manager, draws: RaffleDrawsDep, details: DetailsDep
) -> Envelope[RaffleDetailOut]:
    """Draw the winner and the runners-up from that round. A second call changes nothing."""
    draws.draw(raffle_id)
    return details.of(raffle_id, principal)


@router.post("/{raffle_id}/publish", responses=refusals("NOT_FOUND", "CONFLICT"))
def publish_raffle(
    raffle_id: RafflePath, principal: Manager, draws: RaffleDrawsDep, details: DetailsDep
) -> Envelope[RaffleDetailOut]:
    """Publish the result and notify the winners."""
    draws.publish(raffle_id)
    return details.of(raffle_id, principal)


@router.post("/{raffle_id}/cancel", responses=refusals("NOT_FOUND", "CONFLICT"))
def cancel_raffle(
    raffle_id: RafflePath, why: RaffleCancellation, _: Manager, admin: RaffleAdminDep
) -> Envelope[RaffleOut]:
    """Cancel a raffle that is not drawn: every ticket is refunded, and every buyer is notified."""
    return Envelope(data=RaffleOut.of(admin.cancel(raffle_id, reason=why.reason)))


@router.get(
    "/{raffle_id}/proof",
    response_class=Response,
    responses={
        200: {"model": Bundle, "description": "The bundle, without the envelope."},
        **refusals("NOT_FOUND"),
    },
)
def get_raffle_proof(raffle_id: RafflePath, proofs: DrawProofsDep) -> Response:
    """Get the bundle by which anybody can verify the draw with `livhana raffle verify`.

    It comes without the envelope: from closing on with the commitment and every ticket, after publishing
    with the randomness and the winners.
    """
    return Response(proofs.bundle(raffle_id), media_type="application/json")


@router.get("/{raffle_id}/tickets", responses=refusals("NOT_FOUND"))
def list_raffle_tickets(
    raffle_id: RafflePath, principal: Customer, raffles: RafflesDep, proofs: DrawProofsDep
) -> Envelope[RaffleTicketsOut]:
    """List the caller's tickets in one raffle, with the caller's pseudonym in its public list."""
    raffles.find(raffle_id)
    mine = raffles.my_tickets(principal.id)
    holder = proofs.holder(principal.id, raffle_id=raffle_id)
    here = tickets_out([ticket for ticket in mine if ticket.raffle_id == raffle_id])
    return Envelope(data=RaffleTicketsOut(holder=holder, tickets=here))


@router.post(
    "/{raffle_id}/tickets",
    status_code=201,
    responses=refusals("PAYMENT_DECLINED", "NOT_FOUND", "CONFLICT", "UNAVAILABLE", "GATEWAY_TIMEOUT"),
)
def buy_raffle_tickets(
    raffle_id: RafflePath,
    order: TicketOrderIn,
    principal: Owner,
    key: MoneyKey,
    raffles: RafflesDep,
    fingerprint: TheFingerprint,
) -> Envelope[TicketPurchaseOut]:
    """Buy tickets: the default card is charged now, once for each idempotency key."""
    receipt = raffles.buy_tickets(
        principal.id, raffle_id=raffle_id, quantity=order.quantity, key=key, fingerprint=fingerprint
    )
    return Envelope(data=TicketPurchaseOut.of(receipt))


def _closing_key(raffle: Raffle) -> Key:
    return time_key(raffle.closes_at, raffle.id)


def _ticket_key(ticket: Ticket) -> Key:
    return (*time_key(ticket.issued_at, ticket.raffle_id), ticket.number)
