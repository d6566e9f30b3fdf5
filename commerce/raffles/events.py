"""What raffles publish: rows for the warehouse, and the notices to those who hold tickets."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from commerce.customers.contact import NOTICES
from commerce.raffles.models import RaffleStatus
from foundation.warehouse.retention import SEVEN_YEARS
from foundation.warehouse.schema import table_of


@dataclass(frozen=True, kw_only=True)
class RaffleRow:
    """From `winner_id` on, what only a draw decides."""

    topic: ClassVar[str] = "raffles"

    id: str
    title: str
    prize: str
    status: RaffleStatus
    winner_id: str | None = None
    seed_digest: str | None = None
    draw_seed: str | None = None
    list_sha256: str | None = None
    ticket_price_cents: int
    max_tickets: int
    per_customer_limit: int | None = None
    winner_ticket_number: int | None = None
    beacon_round: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    drawn_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


RAFFLES = table_of(
    RaffleRow,
    "commerce",
    key=("id",),
    day="created_at",
    kept_days=SEVEN_YEARS,
    latest_by="updated_at",
    is_kept_by_law=True,
)


@dataclass(frozen=True, kw_only=True)
class RaffleTicketRow:
    topic: ClassVar[str] = "raffle_tickets"

    id: str
    raffle_id: str
    customer_id: str
    transaction_id: str | None = None
    ticket_number: int
    is_winner: bool | None = None
    purchased_at: datetime
    updated_at: datetime


RAFFLE_TICKETS = table_of(
    RaffleTicketRow,
    "commerce",
    key=("id",),
    day="purchased_at",
    kept_days=SEVEN_YEARS,
    latest_by="updated_at",
    is_kept_by_law=True,
)


@dataclass(frozen=True, kw_only=True)
class RaffleTransactionRow:
    topic: ClassVar[str] = "raffle_transactions"

    id: str
    raffle_id: str
    customer_id: str
    payment_status: str
    payment_id: str | None = None
    payment_method: str | None = None
    payment_gateway_id: str | None = None
    refund_id: str | None = None
    num_tickets: int
    amount_cents: int
    ticket_numbers: tuple[int, ...] | None = None
    refunded_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


RAFFLE_TRANSACTIONS = table_of(
    RaffleTransactionRow,
    "commerce",
    key=("id",),
    day="created_at",
    kept_days=SEVEN_YEARS,
    latest_by="updated_at",
    is_kept_by_law=True,
)


@dataclass(frozen=True, kw_only=True)
class RaffleConfirmationNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["raffle_confirmation"] = "raffle_confirmation"
    about: str
    raffle_id: str
    raffle_title: str
    prize: str
    numbers: tuple[int, ...]
    quantity: int
    total_cents: int
    closes_at: datetime


@dataclass(frozen=True, kw_only=True)
class RaffleWinnerNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["raffle_winner"] = "raffle_winner"
    about: str
    raffle_id: str
    raffle_title: str
    prize: str
    number: int
    place: int
    proof: str


@dataclass(frozen=True, kw_only=True)
class RaffleRunnerUpNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["raffle_runner_up"] = "raffle_runner_up"
    about: str
    raffle_id: str
    raffle_title: str
    prize: str
    number: int
    place: int
    proof: str


@dataclass(frozen=True, kw_only=True)
class RaffleCancelledNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["raffle_cancelled"] = "raffle_cancelled"
    about: str
    raffle_id: str
    raffle_title: str
    reason: str
    refund_cents: int
