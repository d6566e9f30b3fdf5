from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from commerce.memberships.models import (
    PLANS,
    Membership,
    MembershipStatus,
    Tier,
    discount,
    entitlements_of,
    is_for_next_period,
    next_period,
    next_step_at,
    upgrade_price,
)
from commerce.memberships.periods import end_of_period
from foundation.money import Money

CHICAGO = ZoneInfo("America/Chicago")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = end_of_period(START, START, CHICAGO)
SILVER = Membership(
    id="mem_1",
    customer_id="cus_1",
    tier=Tier.SILVER,
    status=MembershipStatus.ACTIVE,
    price=Money(97_00),
    percent=20,
    started_at=START,
    anchor_at=START,
    period=1,
    period_start=START,
    period_end=END,
    payment_id=None,
)


@pytest.mark.parametrize(
    ("tier", "price", "percent"), [(Tier.BRONZE, 4700, 10), (Tier.SILVER, 9700, 20), (Tier.GOLD, 19700, 30)]
)
def test_plans_cost_and_give_what_the_shop_promises(tier: Tier, price: int, percent: int) -> None:
    assert (PLANS[tier].price, PLANS[tier].percent) == (Money(price), percent)
    assert PLANS[tier].benefits[0] == f"{percent}% off all products"


def test_discount_rounds_half_a_cent_up() -> None:
    worth = discount(SILVER, Money(33_33))

    assert (worth.amount, worth.final_total) == (Money(6_67), Money(26_66))
    assert worth.amount + worth.final_total == Money(33_33)


def test_no_membership_is_no_discount() -> None:
    worth = discount(None, Money(10_00))

    assert (worth.percent, worth.final_total, worth.tier) == (0, Money(10_00), None)


@pytest.mark.parametrize(
    ("status", "after", "has_benefits"),
    [
        (MembershipStatus.ACTIVE, timedelta(days=1), True),
        (MembershipStatus.PAYMENT_FAILED, timedelta(days=1), True),
        (MembershipStatus.SUSPENDED, timedelta(days=1), False),
        (MembershipStatus.CANCELLED, -timedelta(seconds=1), True),
        (MembershipStatus.CANCELLED, timedelta(0), False),
    ],
)
def test_benefits_last_as_long_as_they_are_owed(
    status: MembershipStatus,
    after: timedelta,
    has_benefits: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    found = entitlements_of(replace(SILVER, status=status), gift_given=False, at=END + after)

    assert (found.tier is Tier.SILVER, found.percent == 20, found.gift_due) == (has_benefits,) * 3


def test_gift_is_due_to_silver_once_and_early_access_to_the_upper_two() -> None:
    gold = replace(SILVER, tier=Tier.GOLD)

    due = [
        entitlements_of(each, gift_given=given, at=START).gift_due
        for each in (SILVER, gold)
        for given in (False, True)
    ]

    assert due == [True, False, False, False]
    assert entitlements_of(gold, gift_given=False, at=START).early_access
    assert not entitlements_of(replace(SILVER, tier=Tier.BRONZE), gift_given=False, at=START).early_access


def test_upgrade_costs_the_difference_for_the_days_that_are_left() -> None:
    assert upgrade_price(SILVER, Tier.GOLD, left=31, whole=31) == Money(100_00)
    assert upgrade_price(SILVER, Tier.GOLD, left=1, whole=31) == Money(3_23)


def test_calendar_steps_are_news_then_retries_then_the_end() -> None:
    failed = replace(SILVER, status=MembershipStatus.PAYMENT_FAILED, failed_at=END)

    steps = [next_step_at(replace(failed, retries=count), CHICAGO) for count in range(4)]

    assert next_step_at(SILVER, CHICAGO) == END + timedelta(days=1)
    assert steps == [END + timedelta(days=days) for days in (1, 3, 7, 14)]
    assert next_step_at(replace(SILVER, status=MembershipStatus.CANCELLED), CHICAGO) == END


class TestNextPeriod:
    def test_it_follows_on_the_last_one_however_late_the_payment(self) -> None:
        anchor, start, end = next_period(SILVER, at=END + timedelta(days=6), zone=CHICAGO)

        assert (anchor, start) == (START, END)
        assert end == end_of_period(START, END, CHICAGO)

    @pytest.mark.parametrize("late", [timedelta(days=40), timedelta(days=900)])
    def test_months_in_which_there_was_nothing_are_not_paid(self, late: timedelta) -> None:
        anchor, start, end = next_period(SILVER, at=END + late, zone=CHICAGO)

        assert anchor == start == END + late
        assert end == end_of_period(start, start, CHICAGO)

    def test_after_a_suspension_it_begins_at_once(self) -> None:
        suspended = replace(SILVER, status=MembershipStatus.SUSPENDED)

        assert next_period(suspended, at=END + timedelta(days=9), zone=CHICAGO)[1] == END + timedelta(days=9)


def test_gateway_may_charge_for_the_next_period_a_day_early_but_not_a_week() -> None:
    assert is_for_next_period(SILVER, END - timedelta(days=1))
    assert not is_for_next_period(SILVER, END - timedelta(days=7))
