"""What the memberships amount to as a business: revenue, churn, lifetime value, and how members move.

Churn is counted over those who were members thirty days ago. A cohort is those who joined with the
same tier. Its lifetime value follows its retention curve (Kaplan and Meier, 1958, by months survived),
each month at that tier's price and discounted at 10 % a year; where the curve is no longer observed,
members go on leaving at its average rate. What they pay more or less after a change of tier is not in it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commerce.memberships.models import PLANS, ChangeKind, MembershipStatus, Tier
from foundation.money import Money

WINDOW = timedelta(days=30)
MONTH = timedelta(days=365.25 / 12)
NAIVE_MONTHS = 12
HORIZON_MONTHS = 60
DISCOUNT_A_YEAR = 0.10
FEWEST_AT_RISK = 5
"""A month survived by fewer says nothing about the rest."""


@dataclass(frozen=True)
class Lived:
    """One membership, as far as it has come."""

    tier: Tier
    joined_tier: Tier
    """The one it began with, whatever it changed to since."""
    status: MembershipStatus
    price: Money
    started_at: datetime
    left_at: datetime | None
    """When its customer left, or it ended unpaid."""


@dataclass(frozen=True)
class Move:
    kind: ChangeKind
    from_tier: Tier
    to_tier: Tier


@dataclass(frozen=True)
class LifetimeValue:
    naive: Money
    """The price of a year."""
    cohort: Money
    members: int
    """How many memberships the curve was read from."""
    kept_after_a_year: float | None
    """The share that is still there; None while nobody has been there so long."""


@dataclass(frozen=True)
class MembershipFigures:
    mrr: Money
    active: int
    unpaid: int
    """In grace or suspended: not counted in the revenue."""
    churn: float | None
    """None when there was nobody thirty days ago."""
    tiers: Mapping[Tier, int]
    lifetime_value: Mapping[Tier, LifetimeValue]
    upgrades: Mapping[tuple[Tier, Tier], int]
    downgrades: Mapping[tuple[Tier, Tier], int]


def figures(lived: Sequence[Lived], moves: Iterable[Move], *, at: datetime) -> MembershipFigures:
    """`moves` are those of the window that the caller asks about."""
    active = [each for each in lived if each.status is MembershipStatus.ACTIVE]
    unpaid = (MembershipStatus.PAYMENT_FAILED, MembershipStatus.SUSPENDED)
    moved = list(moves)
    return MembershipFigures(
        mrr=sum((each.price for each in active), Money(0)),
        active=len(active),
        unpaid=sum(each.status in unpaid for each in lived),
        churn=churn(lived, at=at),
        tiers={tier: sum(each.tier is tier for each in active) for tier in Tier},
        lifetime_value={tier: lifetime_value(lived, tier, at=at) for tier in Tier},
        upgrades=flows(moved, ChangeKind.UPGRADED),
        downgrades=flows(moved, ChangeKind.DOWNGRADED),
    )


def churn(lived: Iterable[Lived], *, at: datetime) -> float | None:
    """The share of the members of thirty days ago who have left since."""
    before = at - WINDOW
    there = [
        each
        for each in lived
        if each.started_at <= before and (each.left_at is None or each.left_at > before)
    ]
    gone = sum(each.left_at is not None and each.left_at <= at for each in there)
    return gone / len(there) if there else None


def flows(moves: Iterable[Move], kind: ChangeKind) -> dict[tuple[Tier, Tier], int]:
    return dict(Counter((each.from_tier, each.to_tier) for each in moves if each.kind is kind))


def retention(lived: Iterable[Lived], *, at: datetime) -> list[float]:
    """The share still there after 0, 1, 2 … months, as far as enough members were seen to say it.

    Those who are still there count for the months in which they were seen.
    """
    spans = [((each.left_at or at) - each.started_at, each.left_at is not None) for each in lived]
    months = Counter((max(span // MONTH, 0), has_left) for span, has_left in spans)
    curve, share, at_risk = [1.0], 1.0, months.total()
    for month in range(HORIZON_MONTHS):
        at_risk -= months[month, False]
        if at_risk < FEWEST_AT_RISK:
            break
        left = months[month, True]
        share *= 1 - left / at_risk
        at_risk -= left
        curve.append(share)
    return curve


def lifetime_value(lived: Iterable[Lived], tier: Tier, *, at: datetime) -> LifetimeValue:
    cohort = [each for each in lived if each.joined_tier is tier]
    price, curve = PLANS[tier].price, retention(cohort, at=at)
    months = sum(share * _present_worth(month) for month, share in enumerate(_extended(curve)))
    return LifetimeValue(
        naive=price * NAIVE_MONTHS,
        cohort=Money(round(price.cents * months), price.currency),
        members=len(cohort),
        kept_after_a_year=curve[NAIVE_MONTHS] if len(curve) > NAIVE_MONTHS else None,
    )


def _extended(curve: Sequence[float]) -> list[float]:
    """The curve to the horizon; an unobserved month loses what an observed one lost on average."""
    observed = len(curve) - 1
    if observed == 0:
        return list(curve[:1])
    rate = curve[-1] ** (1 / observed) if curve[-1] > 0 else 0.0
    beyond = [curve[-1] * rate**month for month in range(1, HORIZON_MONTHS - observed)]
    return [*curve, *beyond][:HORIZON_MONTHS]


def _present_worth(month: int) -> float:
    return float((1 + DISCOUNT_A_YEAR) ** (-month / NAIVE_MONTHS))
