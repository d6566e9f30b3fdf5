from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from commerce.memberships.models import Entitlements, Membership, MembershipStatus, Tier
from commerce.memberships.refusals import (
    AlreadyMember,
    KeyUsed,
    NoDowngradePlanned,
    NotADowngrade,
    NotAMember,
    NotAnUpgrade,
    NothingToReactivate,
    RenewalUnderWay,
    StillRunning,
)
from commerce.memberships.store import changes
from commerce.payments.models import CardDeclined
from foundation.errors import ShopError
from foundation.money import Money
from tests.crashes import Killed, killing, then_killed
from tests.shop import Shop

pytestmark = pytest.mark.slow


@pytest.fixture
def ana(shop: Shop) -> str:
    """A Silver member since now: April the first is 31 days away."""
    ana = shop.welcome("ana")
    shop.memberships.subscribe(ana, tier=Tier.SILVER, key="joined")
    return ana


def trace(shop: Shop) -> list[tuple[str, int]]:
    """What has changed, and for how much."""
    with shop.ledger.transaction() as connection:
        rows = connection.execute(select(changes.c.kind, changes.c.amount_cents).order_by(changes.c.at))
        return [(kind, cents) for kind, cents in rows]


def told(shop: Shop) -> set[str]:
    return {notice["template"] for notice in shop.events("notices")}


def at_once(work: Callable[[int], object], count: int = 8) -> list[object]:
    """What each of the threads got, or was refused with."""

    def one(number: int) -> object:
        try:
            return work(number)
        except ShopError as refusal:
            return refusal

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


class TestUpgrade:
    def test_days_that_are_left_are_charged_and_the_period_stays(self, shop: Shop, ana: str) -> None:
        before = shop.memberships.status(ana)
        shop.clock.advance(timedelta(days=10))
        quote = shop.memberships.tiers.quote_upgrade(ana, tier=Tier.GOLD)

        upgraded = shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k1")

        assert before is not None
        assert (quote.due_now, quote.days_left, quote.card) == (Money(67_74), 21, "card ending 1111")
        assert shop.charged() == Money(97_00) + quote.due_now
        assert (upgraded.tier, upgraded.percent, upgraded.price) == (Tier.GOLD, 30, Money(197_00))
        assert upgraded.period_end == before.period_end
        assert trace(shop) == [("subscribed", 97_00), ("upgraded", 67_74)]
        assert told(shop) == {"welcome", "upgraded"}
        assert shop.events("memberships")[-1]["tier"] == "GOLD"

    def test_two_at_once_charge_once(self, shop: Shop, ana: str) -> None:
        outcomes = at_once(
            lambda number: shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key=f"k{number}")
        )

        assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, AlreadyMember) for outcome in outcomes) == 7
        assert shop.charged() == Money(197_00)

    def test_same_key_at_once_charges_once_and_answers_all(self, shop: Shop, ana: str) -> None:
        outcomes = at_once(lambda _: shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k1"))

        assert {outcome.tier for outcome in outcomes if isinstance(outcome, Membership)} == {Tier.GOLD}
        assert (len(outcomes), shop.charged()) == (8, Money(197_00))

    def test_crash_after_the_charge_is_made_good_at_the_price_it_was_begun_with(
        self, shop: Shop, ana: str
    ) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "after"))
        with pytest.raises(Killed):
            dying.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k1")
        shop.clock.advance(timedelta(days=5))

        upgraded = shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k1")

        assert upgraded.tier is Tier.GOLD
        assert (shop.charges(), shop.charged()) == (2, Money(197_00))

    def test_declined_card_changes_nothing(self, shop: Shop, ana: str) -> None:
        shop.payments.cards.add(ana, nonce="tok_decline")

        with pytest.raises(CardDeclined):
            shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k1")

        assert shop.memberships.entitlements(ana).tier is Tier.SILVER

    def test_only_upwards_and_only_members(self, shop: Shop, ana: str) -> None:
        with pytest.raises(NotAnUpgrade, match="Bronze is not above your Silver"):
            shop.memberships.tiers.upgrade(ana, tier=Tier.BRONZE, key="k1")
        with pytest.raises(NotAMember):
            shop.memberships.tiers.upgrade(shop.welcome("ben"), tier=Tier.GOLD, key="k2")

    def test_between_the_periods_it_has_to_wait(self, shop: Shop, ana: str) -> None:
        shop.clock.advance(timedelta(days=31))

        with pytest.raises(RenewalUnderWay):
            shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k1")


class TestDowngrade:
    def test_nothing_changes_before_the_period_ends(self, shop: Shop, ana: str) -> None:
        planned = shop.memberships.tiers.downgrade(ana, tier=Tier.BRONZE, key="k1")

        assert (planned.tier, planned.next_tier, planned.next_price) == (
            Tier.SILVER,
            Tier.BRONZE,
            Money(47_00),
        )
        assert shop.memberships.entitlements(ana).percent == 20
        assert shop.charged() == Money(97_00)
        assert told(shop) == {"welcome", "downgrade_planned"}

    def test_it_can_be_taken_back(self, shop: Shop, ana: str) -> None:
        shop.memberships.tiers.downgrade(ana, tier=Tier.BRONZE, key="k1")

        kept = shop.memberships.tiers.keep(ana, key="k2")

        assert kept.next_tier is Tier.SILVER
        with pytest.raises(NoDowngradePlanned):
            shop.memberships.tiers.keep(ana, key="k3")

    def test_an_upgrade_takes_it_back_too(self, shop: Shop, ana: str) -> None:
        shop.memberships.tiers.downgrade(ana, tier=Tier.BRONZE, key="k1")

        assert shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k2").next_tier is Tier.GOLD

    def test_only_downwards(self, shop: Shop, ana: str) -> None:
        with pytest.raises(NotADowngrade):
            shop.memberships.tiers.downgrade(ana, tier=Tier.GOLD, key="k1")


class TestCancel:
    def test_benefits_stay_to_the_end_of_the_period(self, shop: Shop, ana: str) -> None:
        left = shop.memberships.cancel(ana, reason="we are moving", key="k1")
        kept = shop.memberships.entitlements(ana)
        shop.clock.now = left.period_end

        assert left.status is MembershipStatus.CANCELLED
        assert (kept.tier, kept.percent) == (Tier.SILVER, 20)
        assert shop.memberships.entitlements(ana) == Entitlements()
        assert shop.memberships.status(ana) is None
        assert shop.charged() == Money(97_00)

    def test_reason_is_kept_and_never_in_clear(self, shop: Shop, ana: str) -> None:
        shop.clock.advance(timedelta(days=1))

        left = shop.memberships.cancel(ana, reason="my knee hurts", key="k1")

        assert shop.memberships.cancel_reason(left) == "my knee hurts"
        assert shop.events("memberships")[-1]["cancel_reason"] not in (None, "my knee hurts")
        assert "knee" not in str(shop.events("notices"))

    def test_second_cancellation_is_told_that_it_runs_out(self, shop: Shop, ana: str) -> None:
        shop.memberships.cancel(ana, key="k1")

        with pytest.raises(StillRunning, match="runs until 1 April 2026"):
            shop.memberships.cancel(ana, key="k2")

    def test_key_of_one_change_does_no_other(self, shop: Shop, ana: str) -> None:
        with pytest.raises(KeyUsed):
            shop.memberships.cancel(ana, key="joined")


class TestReactivate:
    def test_before_the_end_it_costs_nothing(self, shop: Shop, ana: str) -> None:
        left = shop.memberships.cancel(ana, key="k1")
        quote = shop.memberships.quote_reactivation(ana)

        back = shop.memberships.reactivate(ana, key="k2")

        assert (quote.due_now, quote.next_billing_at) == (Money(0), left.period_end)
        assert (back.id, back.status, back.cancelled_at) == (left.id, MembershipStatus.ACTIVE, None)
        assert shop.charged() == Money(97_00)

    def test_afterwards_it_is_a_new_membership_of_the_same_tier(self, shop: Shop, ana: str) -> None:
        left = shop.memberships.cancel(ana, key="k1")
        shop.clock.now = left.period_end + timedelta(hours=1)

        back = shop.memberships.reactivate(ana, key="k2")

        assert back.id != left.id
        assert (back.tier, back.started_at) == (Tier.SILVER, shop.clock.now)
        assert (shop.charges(), shop.charged()) == (2, Money(2 * 97_00))

    def test_same_key_comes_back_once(self, shop: Shop, ana: str) -> None:
        left = shop.memberships.cancel(ana, key="k1")
        shop.clock.now = left.period_end + timedelta(hours=1)

        outcomes = at_once(lambda _: shop.memberships.reactivate(ana, key="k2"))

        assert len({outcome.id for outcome in outcomes if isinstance(outcome, Membership)}) == 1
        assert shop.charges() == 2

    def test_nothing_to_come_back_to_is_refused(self, shop: Shop, ana: str) -> None:
        with pytest.raises(NothingToReactivate, match="is active"):
            shop.memberships.reactivate(ana, key="k1")
        with pytest.raises(NothingToReactivate, match="never had"):
            shop.memberships.reactivate(shop.welcome("ben"), key="k2")

    def test_joining_while_a_cancelled_one_runs_is_shown_the_way_back(self, shop: Shop, ana: str) -> None:
        shop.memberships.cancel(ana, key="k1")

        with pytest.raises(StillRunning, match="reactivate it at no charge"):
            shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k2")


def test_crash_before_the_commit_leaves_no_half_of_a_change(shop: Shop, ana: str) -> None:
    with pytest.raises(Killed):
        then_killed(shop.ledger, lambda: shop.memberships.cancel(ana, key="k1"))

    assert told(shop) == {"welcome"}
    assert shop.memberships.cancel(ana, key="k1").status is MembershipStatus.CANCELLED


@pytest.mark.parametrize(
    ("joined", "ends"),
    [
        ("2026-12-31 20:00", "2027-01-31 20:00"),
        ("2027-02-14 02:30", "2027-03-14 03:30"),
        ("2027-10-07 01:30", "2027-11-07 01:30"),
    ],
    ids=["year end", "spring forward", "fall back"],
)
def test_period_ends_on_the_wall_of_the_shop(shop: Shop, joined: str, ends: str) -> None:
    zone = shop.infrastructure.calendar.zone
    shop.clock.now = datetime.fromisoformat(joined).replace(tzinfo=zone).astimezone(UTC)
    ben = shop.welcome("ben")

    membership = shop.memberships.subscribe(ben, tier=Tier.BRONZE, key="k1")

    assert membership.period_end.astimezone(zone).strftime("%Y-%m-%d %H:%M") == ends
