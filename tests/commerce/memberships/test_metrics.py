from datetime import UTC, datetime, timedelta

import pytest

from commerce.memberships.metrics import (
    MONTH,
    Lived,
    Move,
    churn,
    figures,
    lifetime_value,
    retention,
)
from commerce.memberships.models import ChangeKind, MembershipStatus, Tier
from foundation.money import Money

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def member(began: timedelta, left: timedelta | None = None, **changed: object) -> Lived:
    """Who joined so long ago, and left so long ago."""
    status = MembershipStatus.ACTIVE if left is None else MembershipStatus.CANCELLED
    usual: dict[str, object] = {
        "tier": Tier.SILVER,
        "joined_tier": Tier.SILVER,
        "status": status,
        "price": Money(97_00),
        "started_at": NOW - began,
        "left_at": None if left is None else NOW - left,
    }
    return Lived(**(usual | changed))  # type: ignore[arg-type]


def days(count: int) -> timedelta:
    return timedelta(days=count)


def test_revenue_and_tiers_are_those_of_the_active() -> None:
    lived = [
        member(days(90)),
        member(days(90), tier=Tier.GOLD, price=Money(197_00)),
        member(days(90), days(10)),
        member(days(90), status=MembershipStatus.SUSPENDED),
    ]

    found = figures(lived, [], at=NOW)

    assert (found.mrr, found.active, found.unpaid) == (Money(294_00), 2, 1)
    assert found.tiers == {Tier.BRONZE: 0, Tier.SILVER: 1, Tier.GOLD: 1}


def test_churn_is_who_left_of_those_who_were_there() -> None:
    there = [member(days(60)), member(days(60), days(5)), member(days(31)), member(days(40), days(30) - HOUR)]
    not_there = [member(days(29)), member(days(10), days(1)), member(days(90), days(31))]

    assert churn(there + not_there, at=NOW) == 0.5
    assert churn(not_there, at=NOW) is None


def test_retention_is_that_of_a_worked_example() -> None:
    """Ten join: two leave in the second month, and four are seen for two and a half months only."""
    lived = (
        [member(MONTH * 1.5 + days(300), days(300)) for _ in range(2)]
        + [member(MONTH * 2.5) for _ in range(4)]
        + [member(MONTH * 40) for _ in range(5)]
    )

    curve = retention(lived, at=NOW)

    assert curve[:4] == pytest.approx([1, 1, 9 / 11, 9 / 11])
    assert len(curve) == 41


def test_lifetime_value_of_members_who_never_leave_is_discounted_over_the_horizon() -> None:
    lived = [member(MONTH * 61) for _ in range(10)]

    worth = lifetime_value(lived, Tier.SILVER, at=NOW)

    monthly = 1.10 ** (-1 / 12)
    assert worth.cohort.cents == pytest.approx(97_00 * (1 - monthly**60) / (1 - monthly), abs=1)
    assert (worth.naive, worth.members, worth.kept_after_a_year) == (Money(1_164_00), 10, 1.0)


def test_lifetime_value_goes_on_at_the_observed_rate() -> None:
    """Half leave in each of the two months seen, so the months are worth 1 + 1/2 + 1/4 and on."""
    left = [member(MONTH * 0.5 + days(60), days(60)) for _ in range(16)]
    left += [member(MONTH * 1.5 + days(60), days(60)) for _ in range(8)]

    worth = lifetime_value([*left, *(member(MONTH * 2.1) for _ in range(8))], Tier.SILVER, at=NOW)

    ratio = 0.5 * 1.10 ** (-1 / 12)
    assert worth.cohort.cents == pytest.approx(97_00 / (1 - ratio), abs=1)


def test_whoever_changed_counts_where_they_joined() -> None:
    moved = [member(MONTH * 3, tier=Tier.GOLD, price=Money(197_00)) for _ in range(6)]

    joined, reached = (lifetime_value(moved, tier, at=NOW).members for tier in (Tier.SILVER, Tier.GOLD))

    assert (joined, reached) == (6, 0)


def test_tier_without_members_is_worth_its_first_month() -> None:
    worth = lifetime_value([], Tier.GOLD, at=NOW)

    assert (worth.cohort, worth.members, worth.kept_after_a_year) == (Money(197_00), 0, None)


def test_flows_say_from_where_to_where() -> None:
    up = Move(ChangeKind.UPGRADED, Tier.BRONZE, Tier.GOLD)
    down = Move(ChangeKind.DOWNGRADED, Tier.GOLD, Tier.SILVER)

    found = figures([], [up, down, up], at=NOW)

    assert found.upgrades == {(Tier.BRONZE, Tier.GOLD): 2}
    assert found.downgrades == {(Tier.GOLD, Tier.SILVER): 1}
