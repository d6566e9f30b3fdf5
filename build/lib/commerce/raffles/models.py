"""What a raffle and its tickets are, and why someone may not buy one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.errors import Conflict, Invalid, NotFound
from foundation.money import Money


class RaffleStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    DRAWN = "drawn"
    CANCELLED = "cancelled"


class PurchaseStatus(StrEnum):
    HELD = "held"
    """Places are kept while the card is charged."""
    ISSUED = "issued"
    RELEASED = "released"


@dataclass(frozen=True)
class Raffle:
    id: str
    title: str
    prize: str
    ticket_price: Money
    max_tickets: int
    per_customer_limit: int
    minimum_age: int
    opens_at: datetime
    closes_at: datetime
    status: RaffleStatus
    sold: int

    def is_open(self, now: datetime) -> bool:
        return self.status is RaffleStatus.OPEN and self.opens_at <= now < self.closes_at


@dataclass(frozen=True)
class Taken:
    """Places already promised in a raffle, sold or held."""

    all: int
    by_customer: int


@dataclass(frozen=True)
class Quote:
    raffle: Raffle
    quantity: int
    total: Money
    card: str


@dataclass(frozen=True)
class Purchase:
    """Places in a raffle, held and then bought with one charge."""

    id: str
    key: str
    raffle_id: str
    customer_id: str
    quantity: int
    total: Money
    status: PurchaseStatus
    held_until: datetime
    created_at: datetime


@dataclass(frozen=True)
class Ticket:
    id: str
    raffle_id: str
    raffle_title: str
    number: int
    customer_id: str
    issued_at: datetime


@dataclass(frozen=True)
class Receipt:
    raffle: Raffle
    purchase: Purchase
    tickets: Sequence[Ticket]


class RaffleNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such raffle.")


class RaffleClosed(Conflict):
    def __init__(self, raffle: Raffle) -> None:
        super().__init__(f"{raffle.title} is not open for tickets.", {"raffle_id": raffle.id})


class SoldOut(Conflict):
    def __init__(self, raffle: Raffle, *, left: int) -> None:
        some = f"has only {_tickets(left)} left" if left else "is sold out"
        super().__init__(f"{raffle.title} {some}.", {"field": "quantity", "left": left})


class TicketLimit(Conflict):
    def __init__(self, raffle: Raffle, *, left: int) -> None:
        more = f"you can still buy {_tickets(left)}" if left else "you have them all"
        super().__init__(
            f"{raffle.title} allows {_tickets(raffle.per_customer_limit)} a customer, and {more}.",
            {"field": "quantity", "left": left},
        )


class NoTickets(Invalid):
    def __init__(self) -> None:
        super().__init__("Please say how many tickets, at least one.", {"field": "quantity"})


def check_purchase(raffle: Raffle, quantity: int, *, taken: Taken, now: datetime) -> None:
    """Raise the refusal that stands in the way of these tickets, if one does."""
    if quantity < 1:
        raise NoTickets
    if not raffle.is_open(now):
        raise RaffleClosed(raffle)
    mine_left = max(0, raffle.per_customer_limit - taken.by_customer)
    if quantity > mine_left:
        raise TicketLimit(raffle, left=mine_left)
    all_left = max(0, raffle.max_tickets - taken.all)
    if quantity > all_left:
        raise SoldOut(raffle, left=all_left)


def _tickets(count: int) -> str:
    return f"{count:,} ticket" if count == 1 else f"{count:,} tickets"
