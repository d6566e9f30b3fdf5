"""The notices that members are sent, each with what its template may use."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from commerce.customers.contact import NOTICES
from commerce.memberships.models import Benefit, Membership, Plan, Tier
from foundation.money import Money


@dataclass(frozen=True, kw_only=True)
class WelcomeNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["welcome"] = "welcome"
    about: str
    tier: Tier
    amount_cents: int
    price_cents: int
    discount_percent: int
    next_billing_at: datetime


@dataclass(frozen=True, kw_only=True)
class UpgradedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["upgraded"] = "upgraded"
    about: str
    tier: Tier
    from_tier: Tier
    amount_cents: int
    price_cents: int
    discount_percent: int
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class DowngradePlannedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["downgrade_planned"] = "downgrade_planned"
    about: str
    tier: Tier
    planned_tier: Tier
    price_cents: int
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class DowngradedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["downgraded"] = "downgraded"
    about: str
    tier: Tier
    from_tier: Tier
    price_cents: int
    discount_percent: int


@dataclass(frozen=True, kw_only=True)
class CancelledNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["cancelled"] = "cancelled"
    about: str
    tier: Tier
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReactivatedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["reactivated"] = "reactivated"
    about: str
    tier: Tier
    next_billing_at: datetime


@dataclass(frozen=True, kw_only=True)
class MembershipReceiptNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["membership_receipt"] = "membership_receipt"
    about: str
    tier: Tier
    amount_cents: int
    payment_id: str | None
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class PaymentFailedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["payment_failed"] = "payment_failed"
    about: str
    tier: Tier
    amount_cents: int
    attempt: int
    next_attempt_at: datetime | None
    suspends_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SuspendedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["suspended"] = "suspended"
    about: str
    tier: Tier
    amount_cents: int
    attempt: int
    suspends_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class MembershipEndedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["membership_ended"] = "membership_ended"
    about: str
    tier: Tier
    why: str
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class BenefitIssuedNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["benefit_issued"] = "benefit_issued"
    about: str
    tier: Tier
    benefit: Benefit
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class PromotionNotice:
    topic: ClassVar[str] = NOTICES

    template: Literal["promotion"] = "promotion"
    about: str
    title: str
    percent: int | None
    off_cents: int | None
    category: str | None
    starts_at: datetime
    ends_at: datetime


MembershipNotice = (
    WelcomeNotice
    | UpgradedNotice
    | DowngradePlannedNotice
    | DowngradedNotice
    | CancelledNotice
    | ReactivatedNotice
    | MembershipReceiptNotice
    | PaymentFailedNotice
    | SuspendedNotice
    | MembershipEndedNotice
)
"""What follows from a change of one membership."""


def welcome_notice(membership: Membership, plan: Plan, *, paid: Money) -> WelcomeNotice:
    return WelcomeNotice(
        about=membership.id,
        tier=membership.tier,
        amount_cents=paid.cents,
        price_cents=plan.price.cents,
        discount_percent=plan.percent,
        next_billing_at=membership.period_end,
    )


def upgraded_notice(membership: Membership, plan: Plan, *, from_tier: Tier, paid: Money) -> UpgradedNotice:
    return UpgradedNotice(
        about=membership.id,
        tier=membership.tier,
        from_tier=from_tier,
        amount_cents=paid.cents,
        price_cents=plan.price.cents,
        discount_percent=plan.percent,
        period_end=membership.period_end,
    )
