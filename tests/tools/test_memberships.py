import pytest

from commerce.memberships.models import Tier
from foundation.auth import Principal, Role
from foundation.money import Money
from tests.tools.conftest import Counter

PRINCIPAL = Principal("cus_ana", Role.CUSTOMER)


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

    def test_decline_is_said_and_leaves_nothing_behind(self, counter: Counter) -> None:
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
