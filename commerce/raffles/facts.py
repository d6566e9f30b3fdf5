"""What raffles publish: the warehouse's rows, and the notices to customers."""

from collections.abc import Sequence
from datetime import datetime

from commerce.payments.models import Payment
from commerce.raffles.events import (
    RaffleCancelledNotice,
    RaffleConfirmationNotice,
    RaffleRow,
    RaffleRunnerUpNotice,
    RaffleTicketRow,
    RaffleTransactionRow,
    RaffleWinnerNotice,
)
from commerce.raffles.models import Purchase, Raffle, Ticket
from foundation.ids import new_id
from foundation.money import Money
from foundation.outbox import Outbox, Outgoing


def raffle_row(raffle: Raffle, *, created_at: datetime, at: datetime) -> RaffleRow:
    """Without what a draw adds."""
    return RaffleRow(
        id=raffle.id,
        title=raffle.title,
        prize=raffle.prize,
        status=raffle.status,
        ticket_price_cents=raffle.ticket_price.cents,
        max_tickets=raffle.max_tickets,
        per_customer_limit=raffle.per_customer_limit,
        opens_at=raffle.opens_at,
        closes_at=raffle.closes_at,
        created_at=created_at,
        updated_at=at,
    )


def transaction_row(
    purchase: Purchase,
    numbers: Sequence[int],
    payment: Payment | None,
    *,
    at: datetime,
    refund_id: str | None = None,
) -> RaffleTransactionRow:
    """Bought with a payment, or given to a member; paid back when there is a refund."""
    return RaffleTransactionRow(
        id=purchase.id,
        raffle_id=purchase.raffle_id,
        customer_id=purchase.customer_id,
        num_tickets=purchase.quantity,
        ticket_numbers=tuple(numbers),
        amount_cents=purchase.total.cents,
        payment_id=payment.id if payment else None,
        payment_method="credit_card" if payment else "membership",
        payment_status="refunded" if refund_id else "success",
        payment_gateway_id=payment.transaction_id if payment else None,
        refund_id=refund_id,
        refunded_at=at if refund_id else None,
        created_at=purchase.created_at,
        updated_at=at,
    )


def ticket_row(ticket: Ticket, *, at: datetime, is_winner: bool | None = None) -> RaffleTicketRow:
    return RaffleTicketRow(
        id=ticket.id,
        raffle_id=ticket.raffle_id,
        customer_id=ticket.customer_id,
        ticket_number=ticket.number,
        transaction_id=ticket.purchase_id,
        is_winner=is_winner,
        purchased_at=ticket.issued_at,
        updated_at=at,
    )


def publish_tickets(
    outbox: Outbox, raffle: Raffle, purchase: Purchase, tickets: Sequence[Ticket], *, payment: Payment | None
) -> None:
    """The purchase and every ticket for the warehouse, the numbers for the customer."""
    customer_id, at = purchase.customer_id, tickets[0].issued_at
    numbers = tuple(ticket.number for ticket in tickets)
    outbox.publish(transaction_row(purchase, numbers, payment, at=at), customer_id=customer_id)
    outbox.publish_all(
        [Outgoing(new_id("evt"), customer_id, ticket_row(ticket, at=at)) for ticket in tickets]
    )
    notice = RaffleConfirmationNotice(
        about=purchase.id,
        raffle_id=raffle.id,
        raffle_title=raffle.title,
        prize=raffle.prize,
        numbers=numbers,
        quantity=purchase.quantity,
        total_cents=purchase.total.cents,
        closes_at=raffle.closes_at,
    )
    outbox.publish(notice, customer_id=customer_id, event_id=f"ntc_{notice.template}_{purchase.id}")


def congratulate(outbox: Outbox, raffle: Raffle, ticket: Ticket, *, place: int) -> None:
    """A notice to the winner (place 0) or a runner-up."""
    kind = RaffleRunnerUpNotice if place else RaffleWinnerNotice
    notice = kind(
        about=ticket.id,
        raffle_id=raffle.id,
        raffle_title=raffle.title,
        prize=raffle.prize,
        number=ticket.number,
        place=place,
        proof=f"/api/raffles/{raffle.id}/proof",
    )
    outbox.publish(notice, customer_id=ticket.customer_id, event_id=f"ntc_{notice.template}_{ticket.id}")


def call_off(outbox: Outbox, raffle: Raffle, customer_id: str, *, refund: Money, reason: str) -> None:
    notice = RaffleCancelledNotice(
        about=raffle.id,
        raffle_id=raffle.id,
        raffle_title=raffle.title,
        reason=reason,
        refund_cents=refund.cents,
    )
    event_id = f"ntc_{notice.template}_{raffle.id}_{customer_id}"
    outbox.publish(notice, customer_id=customer_id, event_id=event_id)
