"""What the outbox tells of raffles: the warehouse's rows, and the notices to customers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from commerce.payments.models import Payment
from commerce.raffles.models import Purchase, Raffle, Ticket
from foundation.ids import new_id
from foundation.money import Money
from foundation.outbox import Outbox


def raffle_fact(raffle: Raffle, *, created_at: datetime, at: datetime, **drawn: object) -> dict[str, Any]:
    """`drawn`: what the draw adds to the row."""
    return {
        "id": raffle.id,
        "title": raffle.title,
        "prize": raffle.prize,
        "status": raffle.status,
        "ticket_price_cents": raffle.ticket_price.cents,
        "max_tickets": raffle.max_tickets,
        "per_customer_limit": raffle.per_customer_limit,
        "opens_at": raffle.opens_at.isoformat(),
        "closes_at": raffle.closes_at.isoformat(),
        "created_at": created_at.isoformat(),
        "updated_at": at.isoformat(),
        **drawn,
    }


def purchase_fact(
    purchase: Purchase,
    numbers: Sequence[int],
    payment: Payment | None,
    *,
    at: datetime,
    refund_id: str | None = None,
) -> dict[str, Any]:
    """Bought with a payment, or given to a member; paid back when there is a refund."""
    return {
        "id": purchase.id,
        "raffle_id": purchase.raffle_id,
        "customer_id": purchase.customer_id,
        "num_tickets": purchase.quantity,
        "ticket_numbers": list(numbers),
        "amount_cents": purchase.total.cents,
        "payment_id": payment.id if payment else None,
        "payment_method": "credit_card" if payment else "membership",
        "payment_status": "refunded" if refund_id else "success",
        "payment_gateway_id": payment.transaction_id if payment else None,
        "refund_id": refund_id,
        "refunded_at": at.isoformat() if refund_id else None,
        "created_at": purchase.created_at.isoformat(),
        "updated_at": at.isoformat(),
    }


def ticket_fact(ticket: Ticket, *, at: datetime, is_winner: bool | None = None) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "raffle_id": ticket.raffle_id,
        "customer_id": ticket.customer_id,
        "ticket_number": ticket.number,
        "transaction_id": ticket.purchase_id,
        "is_winner": is_winner,
        "purchased_at": ticket.issued_at.isoformat(),
        "updated_at": at.isoformat(),
    }


def tell_of_tickets(
    outbox: Outbox, raffle: Raffle, purchase: Purchase, tickets: Sequence[Ticket], *, payment: Payment | None
) -> None:
    """The warehouse hears of the purchase and every ticket, the customer of their numbers."""
    customer_id, at = purchase.customer_id, tickets[0].issued_at
    numbers = [ticket.number for ticket in tickets]
    bought = purchase_fact(purchase, numbers, payment, at=at)
    outbox.append("raffle_transactions", bought, customer_id=customer_id)
    told = [(new_id("evt"), customer_id, ticket_fact(ticket, at=at)) for ticket in tickets]
    outbox.append_all("raffle_tickets", told)
    fields = {
        "template": "raffle_confirmation",
        "about": purchase.id,
        "raffle_id": raffle.id,
        "raffle_title": raffle.title,
        "prize": raffle.prize,
        "numbers": numbers,
        "quantity": purchase.quantity,
        "total_cents": purchase.total.cents,
        "closes_at": raffle.closes_at.isoformat(),
    }
    _tell(outbox, fields, customer_id, unique=purchase.id)


def congratulate(outbox: Outbox, raffle: Raffle, ticket: Ticket, *, place: int) -> None:
    """Tell the winner (place 0) or a runner-up."""
    fields: dict[str, Any] = {
        "template": "raffle_runner_up" if place else "raffle_winner",
        "about": ticket.id,
        "raffle_id": raffle.id,
        "raffle_title": raffle.title,
        "prize": raffle.prize,
        "number": ticket.number,
        "place": place,
        "proof": f"/api/raffles/{raffle.id}/proof",
    }
    _tell(outbox, fields, ticket.customer_id, unique=ticket.id)


def call_off(outbox: Outbox, raffle: Raffle, customer_id: str, *, refund: Money, reason: str) -> None:
    fields = {
        "template": "raffle_cancelled",
        "about": raffle.id,
        "raffle_id": raffle.id,
        "raffle_title": raffle.title,
        "reason": reason,
        "refund_cents": refund.cents,
    }
    _tell(outbox, fields, customer_id, unique=f"{raffle.id}_{customer_id}")


def _tell(outbox: Outbox, fields: dict[str, Any], customer_id: str, *, unique: str) -> None:
    event_id = f"ntc_{fields['template']}_{unique}"
    outbox.append("notices", fields, customer_id=customer_id, event_id=event_id)
