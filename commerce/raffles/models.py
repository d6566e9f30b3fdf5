"""What a raffle and its tickets are, and why someone may not buy one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from commerce.raffles.draw.algorithms import ALGORITHMS, HMAC_V1
from commerce.raffles.draw.bundle import MOST_PLACES
from foundation.errors import Conflict, Invalid, NotFound
from foundation.money import Money

MOST_TICKETS = 10_000_000
YOUNGEST, OLDEST = 18, 99


class RaffleStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    DRAWN = "drawn"
    """The winners are known; they are notified and shown when the result is published."""
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class PurchaseStatus(StrEnum):
    HELD = "held"
    """Places are kept while the card is charged."""
    ISSUED = "issued"
    RELEASED = "released"
    REFUNDING = "refunding"
    """The raffle was cancelled; the money is on its way back."""
    REFUNDED = "refunded"


@dataclass(frozen=True)
class Plan:
    """What staff decide about a raffle."""

    title: str
    prize: str
    ticket_price: Money
    max_tickets: int
    per_customer_limit: int
    minimum_age: int
    runners_up: int
    opens_at: datetime
    closes_at: datetime
    algorithm: str = HMAC_V1


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
    runners_up: int = 0
    algorithm: str = HMAC_V1

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
    purchase_id: str
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


class WrongStage(Conflict):
    def __init__(self, raffle: Raffle, move: str) -> None:
        super().__init__(
            f"{raffle.title} is {raffle.status}, so you cannot {move} it.",
            {"raffle_id": raffle.id, "status": raffle.status.value},
        )


class PlanRefused(Invalid):
    def __init__(self, field: str, expected: str) -> None:
        super().__init__(
            f"A raffle's {field.replace('_', ' ')} must be {expected}.",
            {"field": field, "expected": expected},
        )


class PurchaseInReview(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "Our team needs to review this purchase first, so nothing was charged and no ticket was issued. "
            "Please try again after they have contacted you."
        )


class NoTickets(Invalid):
    def __init__(self) -> None:
        super().__init__("Please choose at least one ticket.", {"field": "quantity"})


def check_purchase(raffle: Raffle, quantity: int, *, taken: Taken, now: datetime) -> None:
    """Raise the refusal of these tickets, if there is one."""
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


class Move(StrEnum):
    """What staff or the clock do to a raffle."""

    EDIT = "edit"
    OPEN = "open"
    CLOSE = "close"
    DRAW = "draw"
    PUBLISH = "publish"
    CANCEL = "cancel"


MOVES = {
    Move.EDIT: (RaffleStatus.DRAFT, {RaffleStatus.DRAFT}),
    Move.OPEN: (RaffleStatus.OPEN, {RaffleStatus.DRAFT}),
    Move.CLOSE: (RaffleStatus.CLOSED, {RaffleStatus.OPEN}),
    Move.DRAW: (RaffleStatus.DRAWN, {RaffleStatus.CLOSED}),
    Move.PUBLISH: (RaffleStatus.PUBLISHED, {RaffleStatus.DRAWN}),
    Move.CANCEL: (RaffleStatus.CANCELLED, {RaffleStatus.DRAFT, RaffleStatus.OPEN, RaffleStatus.CLOSED}),
}
"""What each leads to, and from where."""


def is_done(raffle: Raffle, move: Move) -> bool:
    """Whether the raffle is there already; raises the refusal when it cannot get there from where it is."""
    leads_to, comes_from = MOVES[move]
    if raffle.status in comes_from:
        return False
    if raffle.status is leads_to:
        return True
    raise WrongStage(raffle, move)


def check_plan(plan: Plan, *, now: datetime) -> None:
    """Raise the refusal of the first thing about a raffle that cannot be."""
    right = {
        ("title", "some words"): bool(plan.title.strip()),
        ("prize", "some words"): bool(plan.prize.strip()),
        ("ticket_price", "more than $0.00"): plan.ticket_price.cents > 0,
        ("max_tickets", f"from 1 to {MOST_TICKETS:,}"): 1 <= plan.max_tickets <= MOST_TICKETS,
        ("per_customer_limit", "from 1 to all tickets"): 1 <= plan.per_customer_limit <= plan.max_tickets,
        ("minimum_age", f"from {YOUNGEST} to {OLDEST}"): YOUNGEST <= plan.minimum_age <= OLDEST,
        ("runners_up", f"from 0 to {MOST_PLACES - 1}"): 0 <= plan.runners_up < MOST_PLACES,
        ("closes_at", "later than now and than it opens"): max(now, plan.opens_at) < plan.closes_at,
        ("algorithm", f"one of {', '.join(ALGORITHMS)}"): plan.algorithm in ALGORITHMS,
    }
    for (field, expected), is_right in right.items():
        if not is_right:
            raise PlanRefused(field, expected)


def _tickets(count: int) -> str:
    return f"{count:,} ticket" if count == 1 else f"{count:,} tickets"
