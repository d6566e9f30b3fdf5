from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from commerce.memberships.models import PLANS, Membership, MembershipStatus, Tier, discount, next_month
from foundation.money import Money

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-31T12:00", "2026-02-28T12:00"),
        ("2028-01-31T12:00", "2028-02-29T12:00"),
        ("2026-12-15T12:00", "2027-01-15T12:00"),
        ("2026-03-01T23:30", "2026-04-01T23:30"),
        ("2026-02-08T02:30", "2026-03-08T03:30"),
    ],
)
def test_next_billing_is_the_same_day_on_the_wall_of_the_shop(at: str, expected: str) -> None:
    start = datetime.fromisoformat(at).replace(tzinfo=CHICAGO).astimezone(UTC)

    due = next_month(start, CHICAGO).astimezone(CHICAGO)

    assert due.strftime("%Y-%m-%dT%H:%M") == expected


@pytest.mark.parametrize(
    ("tier", "price", "percent"), [(Tier.BRONZE, 4700, 10), (Tier.SILVER, 9700, 20), (Tier.GOLD, 19700, 30)]
)
def test_plans_cost_and_give_what_the_shop_promises(tier: Tier, price: int, percent: int) -> None:
    assert (PLANS[tier].price, PLANS[tier].percent) == (Money(price), percent)
    assert PLANS[tier].benefits[0] == f"{percent}% off all products"


def test_discount_rounds_half_a_cent_up() -> None:
    silver = membership(percent=20)

    worth = discount(silver, Money(33_33))

    assert (worth.amount, worth.final_total) == (Money(6_67), Money(26_66))
    assert worth.amount + worth.final_total == Money(33_33)


def test_no_membership_is_no_discount() -> None:
    worth = discount(None, Money(10_00))

    assert (worth.percent, worth.final_total, worth.tier) == (0, Money(10_00), None)


def membership(percent: int) -> Membership:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    active = MembershipStatus.ACTIVE
    return Membership("mem_1", "cus_1", Tier.SILVER, active, Money(97_00), percent, now, now, None)
