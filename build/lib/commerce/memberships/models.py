"""The three memberships, what they cost and give, and the rules of their calendar."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from foundation.errors import Conflict
from foundation.money import Money


class Tier(StrEnum):
    BRONZE = "BRONZE"
    SILVER = "SILVER"
    GOLD = "GOLD"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class MembershipStatus(StrEnum):
    ACTIVE = "active"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Plan:
    tier: Tier
    price: Money
    percent: int
    benefits: tuple[str, ...]


PLANS = {
    plan.tier: plan
    for plan in (
        Plan(
            Tier.BRONZE,
            Money(47_00),
            10,
            ("10% off all products", "monthly newsletter", "member-only promotions"),
        ),
        Plan(
            Tier.SILVER,
            Money(97_00),
            20,
            (
                "20% off all products",
                "access to exclusive strains",
                "a monthly gift with purchase",
                "priority customer support",
                "early access to new products",
            ),
        ),
        Plan(
            Tier.GOLD,
            Money(197_00),
            30,
            (
                "30% off all products",
                "VIP event invitations",
                "monthly raffle entries",
                "exclusive limited edition strains",
                "concierge service",
                "a premium gift box every month",
                "private consultation sessions",
            ),
        ),
    )
}


@dataclass(frozen=True)
class Membership:
    id: str
    customer_id: str
    tier: Tier
    status: MembershipStatus
    price: Money
    percent: int
    started_at: datetime
    next_billing_at: datetime
    payment_id: str | None


@dataclass(frozen=True)
class Quote:
    """What joining would mean for one customer, today."""

    plan: Plan
    card: str
    starts_at: datetime
    next_billing_at: datetime


@dataclass(frozen=True)
class Discount:
    percent: int
    amount: Money
    final_total: Money
    tier: Tier | None


class AlreadyMember(Conflict):
    def __init__(self, membership: Membership) -> None:
        super().__init__(
            f"You already have an active {membership.tier.label} membership.",
            {"tier": membership.tier.value, "membership_id": membership.id},
        )


def discount(membership: Membership | None, subtotal: Money) -> Discount:
    if membership is None:
        return Discount(0, Money(0, subtotal.currency), subtotal, None)
    amount = subtotal.percent(membership.percent)
    return Discount(membership.percent, amount, subtotal - amount, membership.tier)


def next_month(at: datetime, zone: ZoneInfo) -> datetime:
    """The same day and hour of the next month on the shop's wall, or that month's last day."""
    local = at.astimezone(zone)
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)  # noqa: PLR2004
    day = min(local.day, monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day, fold=0).astimezone(at.tzinfo)
