"""The three memberships, what they cost and give, and the rules of changing between them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from commerce.memberships.periods import days_after, end_of_period, prorated
from foundation.money import Money

RETRY_DAYS = (1, 3, 7)
"""After the first failure, when the card is tried again; the benefits stay until the last of them fails."""
LAST_DAY = 14
"""After the first failure, when a membership that is still unpaid ends."""
NEWS_TAKE = timedelta(days=1)
"""How long the gateway may take to report a month it has charged."""
EARLY = timedelta(days=2)
"""A gateway knows days, not hours: so long before a period's end a charge is one for the next period."""


class Tier(StrEnum):
    BRONZE = "BRONZE"
    SILVER = "SILVER"
    GOLD = "GOLD"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class MembershipStatus(StrEnum):
    ACTIVE = "active"
    PAYMENT_FAILED = "payment_failed"
    """The month is not paid; benefits stay while the card is tried again."""
    SUSPENDED = "suspended"
    """Not paid on the last try either: no benefits."""
    CANCELLED = "cancelled"
    """Benefits to the period's end, when it was the customer who left."""


class ChangeKind(StrEnum):
    SUBSCRIBED = "subscribed"
    UPGRADED = "upgraded"
    DOWNGRADE_PLANNED = "downgrade_planned"
    DOWNGRADE_WITHDRAWN = "downgrade_withdrawn"
    DOWNGRADED = "downgraded"
    CANCELLED = "cancelled"
    REACTIVATED = "reactivated"
    RENEWED = "renewed"
    PAYMENT_FAILED = "payment_failed"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Benefit(StrEnum):
    RAFFLE_ENTRY = "raffle_entry"
    GIFT_BOX = "gift_box"
    GIFT = "gift"
    """With the first purchase of the period."""


@dataclass(frozen=True)
class Plan:
    tier: Tier
    price: Money
    percent: int
    benefits: tuple[str, ...]
    issued: frozenset[Benefit] = frozenset()
    """What each paid period brings by itself."""
    gift: bool = False
    """A gift with the period's first purchase."""
    early_access: bool = False


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
            gift=True,
            early_access=True,
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
            issued=frozenset({Benefit.RAFFLE_ENTRY, Benefit.GIFT_BOX}),
            early_access=True,
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
    anchor_at: datetime
    """Its day of the month and its hour are those of every period's end."""
    period: int
    period_start: datetime
    period_end: datetime
    payment_id: str | None
    planned_tier: Tier | None = None
    failed_at: datetime | None = None
    retries: int = 0
    """How often the card was tried again since it failed."""
    cancelled_at: datetime | None = None
    cancel_reason_sealed: str | None = None
    ended_at: datetime | None = None
    """Nothing is left of it; the customer may join anew."""

    @property
    def next_tier(self) -> Tier:
        return self.planned_tier or self.tier

    @property
    def next_price(self) -> Money:
        """Of the period to come."""
        return PLANS[self.planned_tier].price if self.planned_tier else self.price

    @property
    def next_billing_at(self) -> datetime | None:
        """When the card will be charged next, unless it is being tried again."""
        return self.period_end if self.status is MembershipStatus.ACTIVE else None

    def is_over(self, at: datetime) -> bool:
        return self.ended_at is not None or (
            self.status is MembershipStatus.CANCELLED and at >= self.period_end
        )

    def has_benefits(self, at: datetime) -> bool:
        return self.status is not MembershipStatus.SUSPENDED and not self.is_over(at)


@dataclass(frozen=True)
class Entitlements:
    """What a customer's membership gives them, now."""

    tier: Tier | None = None
    percent: int = 0
    early_access: bool = False
    gift_due: bool = False
    """This period's gift with purchase has not been given yet."""
    until: datetime | None = None
    """When it ends or is to be paid again."""


@dataclass(frozen=True)
class Grant:
    """A benefit that a membership brought, and what it went with."""

    kind: Benefit
    period: int
    at: datetime
    order_id: str | None = None


@dataclass(frozen=True)
class Quote:
    """What joining would mean for one customer, today."""

    plan: Plan
    card: str
    starts_at: datetime
    next_billing_at: datetime


@dataclass(frozen=True)
class UpgradeQuote:
    """What the better membership costs for the rest of the period, and from then on."""

    membership: Membership
    plan: Plan
    card: str
    due_now: Money
    days_left: int


@dataclass(frozen=True)
class ReactivationQuote:
    """`due_now` is nothing while the cancelled membership still runs."""

    plan: Plan
    card: str
    due_now: Money
    next_billing_at: datetime


@dataclass(frozen=True)
class Discount:
    percent: int
    amount: Money
    final_total: Money
    tier: Tier | None


def discount(membership: Membership | None, subtotal: Money) -> Discount:
    if membership is None:
        return Discount(0, Money(0, subtotal.currency), subtotal, None)
    amount = subtotal.percent(membership.percent)
    return Discount(membership.percent, amount, subtotal - amount, membership.tier)


def entitlements_of(membership: Membership | None, *, gift_given: bool, at: datetime) -> Entitlements:
    if membership is None or not membership.has_benefits(at):
        return Entitlements()
    plan = PLANS[membership.tier]
    return Entitlements(
        tier=membership.tier,
        percent=membership.percent,
        early_access=plan.early_access,
        gift_due=plan.gift and not gift_given,
        until=membership.period_end,
    )


def upgrade_price(membership: Membership, tier: Tier, *, left: int, whole: int) -> Money:
    """The difference to the better tier for the days that are left of the period."""
    return prorated(PLANS[tier].price - membership.price, left=left, whole=whole)


def next_step_at(membership: Membership, zone: ZoneInfo) -> datetime | None:
    """When the calendar alone changes something: a look for the charge, a retry, an end."""
    if membership.ended_at is not None:
        return None
    if membership.failed_at is None:
        is_leaving = membership.status is MembershipStatus.CANCELLED
        return membership.period_end if is_leaving else membership.period_end + NEWS_TAKE
    days = (*RETRY_DAYS, LAST_DAY)[membership.retries]
    return days_after(membership.failed_at, days, zone)


def after_failure(membership: Membership, *, at: datetime, zone: ZoneInfo) -> Membership:
    """The membership when the card has failed now: for the first time, or again.

    Tries whose day has passed meanwhile are not made up for.
    """
    if membership.failed_at is None:
        return replace(membership, status=MembershipStatus.PAYMENT_FAILED, failed_at=at, retries=0)
    passed = sum(days_after(membership.failed_at, days, zone) <= at for days in RETRY_DAYS)
    retries = max(membership.retries + 1, passed)
    is_last = retries >= len(RETRY_DAYS)
    status = MembershipStatus.SUSPENDED if is_last else MembershipStatus.PAYMENT_FAILED
    return replace(membership, status=status, retries=min(retries, len(RETRY_DAYS)))


def next_period(
    membership: Membership, *, at: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime, datetime]:
    """Anchor, start and end of the period that a payment at that moment buys.

    It follows on the last one; after a suspension, or when that one is more than a month past, it
    begins at once, so that nobody pays for months in which there was nothing.
    """
    end = end_of_period(membership.anchor_at, membership.period_end, zone)
    if membership.status is MembershipStatus.SUSPENDED or end <= at:
        return at, at, end_of_period(at, at, zone)
    return membership.anchor_at, membership.period_end, end


def is_for_next_period(membership: Membership, charged_at: datetime) -> bool:
    """Whether a charge of the gateway pays a period that is not paid yet."""
    return charged_at >= membership.period_end - EARLY
