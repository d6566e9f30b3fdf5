from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from commerce.age.models import AgeNotProven
from commerce.customers.service import CustomerNotFound
from commerce.memberships.models import Membership, Tier
from commerce.memberships.refusals import AlreadyMember
from commerce.payments.models import CardDeclined, NoCardOnFile, PaymentFailed, PaymentHeld
from foundation.errors import ShopError
from foundation.money import Money
from tests.crashes import Killed, Point, killing, then_killed
from tests.shop import Shop


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana")


class TestSubscribe:
    def test_first_month_is_charged_and_the_membership_told(self, shop: Shop, ana: str) -> None:
        membership = shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

        (told,) = shop.events("memberships")
        assert shop.memberships.status(ana) == membership
        assert shop.charged() == Money(197_00)
        assert (told["id"], told["tier"], told["price_cents"]) == (membership.id, "GOLD", 19_700)
        assert told["next_billing_at"] == "2026-04-01T11:00:00+00:00"

    def test_same_key_joins_once(self, shop: Shop, ana: str) -> None:
        first = shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

        second = shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

        assert second == first
        assert (shop.charges(), len(shop.events("memberships"))) == (1, 1)

    def test_second_membership_is_refused(self, shop: Shop, ana: str) -> None:
        shop.memberships.subscribe(ana, tier=Tier.BRONZE, key="k1")

        with pytest.raises(AlreadyMember, match="already have an active Bronze"):
            shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k2")

        assert shop.charged() == Money(47_00)

    def test_racing_requests_make_one_member_and_one_charge(self, shop: Shop, ana: str) -> None:
        def join(number: int) -> Membership | ShopError:
            try:
                return shop.memberships.subscribe(ana, tier=Tier.SILVER, key=f"k{number}")
            except AlreadyMember as refusal:
                return refusal

        with ThreadPoolExecutor(12) as threads:
            outcomes = list(threads.map(join, range(12)))

        assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1
        assert (shop.charges(), shop.charged()) == (1, Money(97_00))
        assert len(shop.events("memberships")) == 1

    @pytest.mark.parametrize(
        ("card", "refusal"),
        [("tok_decline", CardDeclined), ("tok_error", PaymentFailed), ("tok_hold", PaymentHeld)],
    )
    def test_payment_that_fails_changes_nothing(
        self, shop: Shop, card: str, refusal: type[Exception]
    ) -> None:
        ben = shop.welcome("ben", card=card)

        with pytest.raises(refusal):
            shop.memberships.subscribe(ben, tier=Tier.BRONZE, key="k1")

        assert shop.memberships.status(ben) is None
        assert shop.events("memberships") == []

    def test_lost_answer_of_the_bank_still_makes_a_member(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card="tok_timeout")

        shop.memberships.subscribe(ben, tier=Tier.BRONZE, key="k1")

        assert shop.memberships.status(ben) is not None
        assert shop.charges() == 1

    @pytest.mark.parametrize("point", ["before", "after"])
    def test_crash_around_the_charge_is_made_good_by_the_same_key(
        self, shop: Shop, ana: str, point: Point
    ) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, point))
        with pytest.raises(Killed):
            dying.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

        between = shop.memberships.status(ana)
        shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

        assert between is None
        assert shop.memberships.status(ana) is not None
        assert (shop.charges(), shop.charged()) == (1, Money(197_00))

    def test_crash_after_everything_but_the_commit_is_made_good(self, shop: Shop, ana: str) -> None:
        with pytest.raises(Killed):
            then_killed(shop.ledger, lambda: shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1"))

        shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

        assert (shop.charges(), len(shop.events("memberships"))) == (1, 1)


class TestQuote:
    def test_quote_names_price_card_and_dates(self, shop: Shop, ana: str) -> None:
        quote = shop.memberships.quote(ana, tier=Tier.GOLD)

        assert (quote.plan.price, quote.card) == (Money(197_00), "card ending 1111")
        assert (quote.next_billing_at - quote.starts_at).days == 30

    def test_quote_of_a_charge_under_way_is_what_it_was_begun_with(self, shop: Shop, ana: str) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "after"))
        begun = shop.memberships.quote(ana, tier=Tier.GOLD, key="k1")
        with pytest.raises(Killed):
            dying.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")
        shop.clock.advance(timedelta(hours=12))
        shop.payments.cards.add(ana, nonce="tok_hold")

        quote = shop.memberships.quote(ana, tier=Tier.GOLD, key="k1")

        assert quote == begun

    def test_unknown_customer_is_refused(self, shop: Shop) -> None:
        with pytest.raises(CustomerNotFound):
            shop.memberships.quote("cus_nobody", tier=Tier.GOLD)

    def test_unproven_age_is_refused(self, shop: Shop) -> None:
        minor = shop.welcome("minor", adult=False)

        with pytest.raises(AgeNotProven):
            shop.memberships.quote(minor, tier=Tier.GOLD)

    def test_missing_card_is_refused(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card=None)

        with pytest.raises(NoCardOnFile, match="secure card form"):
            shop.memberships.quote(ben, tier=Tier.GOLD)


def test_discount_is_that_of_the_membership(shop: Shop, ana: str) -> None:
    before = shop.memberships.discount(ana, subtotal=Money(100_00))
    shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

    after = shop.memberships.discount(ana, subtotal=Money(100_00))

    assert (before.tier, before.final_total) == (None, Money(100_00))
    assert (after.tier, after.amount, after.final_total) == (Tier.GOLD, Money(30_00), Money(70_00))
