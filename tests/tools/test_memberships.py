import pytest

from commerce.memberships.models import Tier
from foundation.auth import Principal, Role
from foundation.money import Money
from tests.tools.conftest import Counter

PRINCIPAL = Principal("cus_ana", Role.CUSTOMER)

pytestmark = pytest.mark.slow


class TestListMembershipTiers:
    def test_guest_hears_the_three_with_price_and_benefits(self, counter: Counter) -> None:
        result = counter.ask("list_membership_tiers", who="gst_1")

        assert result.say.splitlines()[1] == (
            "1. Bronze — $47.00 a month: 10% off all products, monthly newsletter and member-only promotions"
        )
        assert [card.price for card in result.cards] == ["47.00", "97.00", "197.00"]


class TestSubscribeMembership:
    def test_call_is_only_a_question_with_the_exact_price(self, counter: Counter) -> None:
        result = counter.ask("subscribe_membership", tier="GOLD")

        assert result.say == (
            "Gold membership: $197.00 a month with your card ending 1111, from today. "
            "The first month is charged now, the next on 1 April 2026. Shall I go ahead?"
        )
        assert counter.shop.memberships.status("cus_ana") is None
        assert counter.shop.charges() == 0

    def test_yes_makes_one_member_and_one_charge_however_often_it_comes(self, counter: Counter) -> None:
        counter.ask("subscribe_membership", tier="GOLD")
        action = counter.catalog.confirmations.waiting("thr_cus_ana")
        assert action is not None

        first = counter.agree()
        again = counter.catalog.carry_out(
            action, principal=PRINCIPAL, confirmed_at=counter.shop.clock(), guard=lambda _: None
        )

        membership = counter.shop.memberships.status("cus_ana")
        assert membership is not None
        assert membership.tier is Tier.GOLD
        assert again == first
        assert (counter.shop.charges(), counter.shop.charged()) == (1, Money(197_00))
        assert first.say.startswith(
            "Welcome! You are a Gold member now, with 30% off all products. $197.00 was"
        )

    def test_decline_is_stated_and_leaves_nothing_behind(self, counter: Counter) -> None:
        ben = counter.shop.welcome("ben", card="tok_decline")
        counter.ask("subscribe_membership", who=ben, tier="BRONZE")

        result = counter.agree(who=ben)

        assert (result.is_error, result.form) == (True, "card")
        assert "declined and nothing was charged" in result.say
        assert counter.shop.memberships.status(ben) is None

    def test_unverified_customer_is_shown_the_form_instead_of_a_price(self, counter: Counter) -> None:
        minor = counter.shop.welcome("minor", adult=False)

        result = counter.ask("subscribe_membership", who=minor, tier="GOLD")

        assert (result.is_error, result.form) == (True, "age_verification")
        assert counter.catalog.confirmations.waiting(f"thr_{minor}") is None

    def test_customer_without_a_card_is_shown_the_form(self, counter: Counter) -> None:
        ben = counter.shop.welcome("ben", card=None)

        assert counter.ask("subscribe_membership", who=ben, tier="GOLD").form == "card"

    def test_guest_is_asked_to_sign_in(self, counter: Counter) -> None:
        assert counter.ask("subscribe_membership", who="gst_1", tier="GOLD").form == "sign_in"

    def test_model_cannot_name_the_customer_nor_the_price(self, counter: Counter) -> None:
        result = counter.ask("subscribe_membership", tier="GOLD", customer_id="cus_ben", price=1)

        assert result.is_error
        assert counter.catalog.confirmations.waiting("thr_cus_ana") is None


class TestOwnMembership:
    def test_status_of_a_member_names_discount_and_next_payment(self, counter: Counter) -> None:
        counter.shop.memberships.subscribe("cus_ana", tier=Tier.SILVER, key="k1")

        result = counter.ask("membership_status")

        assert result.say == (
            "You have been a Silver member since 1 March 2026: 20% off all products for $97.00 a month. "
            "The next payment is due on 1 April 2026."
        )

    def test_status_of_nobody(self, counter: Counter) -> None:
        assert counter.ask("membership_status").say == "You have no active membership at the moment."

    def test_discount_is_worked_out_to_the_cent(self, counter: Counter) -> None:
        counter.shop.memberships.subscribe("cus_ana", tier=Tier.GOLD, key="k1")

        result = counter.ask("membership_discount", subtotal="33.35")

        assert result.say == "As a Gold member you save 30%: $10.01 off $33.35, so you pay $23.34."
        assert result.data["final_total"] == "23.34"

    def test_discount_without_membership_says_what_one_would_save(self, counter: Counter) -> None:
        result = counter.ask("membership_discount", subtotal=100)

        assert result.say == (
            "Without a membership there is no discount, so $100.00 stays $100.00. "
            "A membership would take off: Bronze $10.00, Silver $20.00 and Gold $30.00."
        )

    @pytest.mark.parametrize("subtotal", [-5, "NaN", "1e9", None])
    def test_amount_that_is_none_is_refused(self, counter: Counter, subtotal: object) -> None:
        assert counter.ask("membership_discount", subtotal=subtotal).is_error


class TestChanges:
    @pytest.fixture(autouse=True)
    def silver(self, counter: Counter) -> None:
        """Ana is a Silver member since today; the month has 31 days."""
        counter.shop.memberships.subscribe("cus_ana", tier=Tier.SILVER, key="k1")

    def test_upgrade_names_what_is_due_now_and_from_when_on(self, counter: Counter) -> None:
        result = counter.ask("upgrade_membership", tier="GOLD")

        assert result.say == (
            "Upgrade from Silver to Gold: $100.00 now with your card ending 1111, "
            "for the 31 days left of this month. From 1 April 2026 it is $197.00 a month. Shall I go ahead?"
        )
        assert counter.agree().say.startswith("Done: you are a Gold member now, with 30% off")
        assert counter.shop.charged() == Money(197_00)

    def test_asking_to_join_the_better_tier_is_an_upgrade(self, counter: Counter) -> None:
        assert counter.ask("subscribe_membership", tier="GOLD").say.startswith("Upgrade from Silver to Gold")

    def test_asking_for_an_upgrade_without_a_membership_is_joining(self, counter: Counter) -> None:
        ben = counter.shop.welcome("ben")

        assert counter.ask("upgrade_membership", who=ben, tier="GOLD").say.startswith(
            "Gold membership: $197.00"
        )

    def test_downgrade_waits_for_the_end_and_can_be_taken_back(self, counter: Counter) -> None:
        asked = counter.ask("downgrade_membership", tier="BRONZE")
        planned = counter.agree()
        counter.ask("keep_membership")
        kept = counter.agree()

        assert asked.say.startswith("Change from Silver to Bronze on 1 April 2026: $47.00 a month")
        assert planned.data["membership"]["planned_tier"] == "BRONZE"
        assert kept.data["membership"]["planned_tier"] is None

    def test_cancelling_says_how_long_the_benefits_stay_and_never_argues(self, counter: Counter) -> None:
        asked = counter.ask("cancel_membership", reason="too expensive")
        done = counter.agree()

        assert asked.say == (
            "Cancel your Silver membership: nothing more is charged, "
            "and you keep its benefits until 1 April 2026. Shall I go ahead?"
        )
        assert "stay until 1 April 2026" in done.say
        assert "stays until 1 April 2026" in counter.ask("membership_status").say

    def test_coming_back_in_time_costs_nothing(self, counter: Counter) -> None:
        counter.ask("cancel_membership")
        counter.agree()

        asked = counter.ask("reactivate_membership")
        counter.agree()

        assert "nothing is charged today, the next $97.00 on 1 April 2026" in asked.say
        assert counter.shop.charged() == Money(97_00)

    def test_benefits_are_those_of_the_tier_and_what_it_brought(self, counter: Counter) -> None:
        result = counter.ask("my_benefits")

        assert "20% off all products" in result.say
        assert "This month's gift comes with your next purchase." in result.say
        assert result.data["gift_due"] is True

    @pytest.mark.parametrize("tool", ["cancel_membership", "reactivate_membership", "keep_membership"])
    def test_without_a_membership_there_is_nothing_to_change(self, counter: Counter, tool: str) -> None:
        ben = counter.shop.welcome("ben")

        assert counter.ask(tool, who=ben).is_error
