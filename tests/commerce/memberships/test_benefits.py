from datetime import timedelta

import pytest
from sqlalchemy import select

from commerce.memberships.events import PeriodPaid
from commerce.memberships.models import Benefit, Tier
from commerce.memberships.promotions import NotAPromotion, Promotion
from foundation.money import Money
from foundation.outbox import OUTBOX, Decoder, Event
from tests.shop import Shop


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana")


def periods(shop: Shop) -> list[Event[PeriodPaid]]:
    """What the relay brings to the subscribers of paid periods."""
    decode, wanted = Decoder(PeriodPaid), select(OUTBOX).where(OUTBOX.c.topic == PeriodPaid.topic)
    with shop.ledger.transaction() as connection:
        return [
            Event(row.id, row.topic, row.customer_id, decode(row.topic, row.payload), row.at)
            for row in connection.execute(wanted)
        ]


def test_gold_brings_a_raffle_entry_and_a_gift_box_once_a_period(shop: Shop, ana: str) -> None:
    shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

    shop.benefits.issue(periods(shop))
    shop.benefits.issue(periods(shop))

    assert {grant.kind for grant in shop.memberships.granted(ana)} == {Benefit.RAFFLE_ENTRY, Benefit.GIFT_BOX}
    notices = [each for each in shop.events("notices") if each["template"] == "benefit_issued"]
    assert {each["benefit"] for each in notices} == {"raffle_entry", "gift_box"}


def test_the_others_bring_nothing_by_themselves(shop: Shop, ana: str) -> None:
    shop.memberships.subscribe(ana, tier=Tier.SILVER, key="k1")

    shop.benefits.issue(periods(shop))

    assert shop.memberships.granted(ana) == []


def test_silver_has_one_gift_with_a_purchase_each_period(shop: Shop, ana: str) -> None:
    shop.memberships.subscribe(ana, tier=Tier.SILVER, key="k1")

    given = [shop.benefits.give_gift(ana, order_id=f"ord_{number}") for number in range(2)]

    (grant,) = shop.memberships.granted(ana)
    assert given == [True, False]
    assert (grant.kind, grant.order_id) == (Benefit.GIFT, "ord_0")
    assert not shop.memberships.entitlements(ana).gift_due


def test_who_is_no_member_gets_no_gift(shop: Shop, ana: str) -> None:
    assert not shop.benefits.give_gift(ana, order_id="ord_1")


class TestPromotions:
    def test_only_those_that_run_are_shown(self, shop: Shop) -> None:
        now = shop.clock.now
        soon = Promotion(
            "", "Soon", frozenset(Tier), now + timedelta(days=1), now + timedelta(days=2), percent=10
        )
        running = Promotion("", "Now", frozenset(Tier), now, now + timedelta(days=1), off=Money(3_00))
        for each in (soon, running):
            shop.benefits.promote(each, by="stf_sam")

        (shown,) = shop.benefits.promotions()

        assert (shown.title, shown.off, shown.tiers) == ("Now", Money(3_00), frozenset(Tier))

    def test_members_of_its_tiers_hear_of_it(self, shop: Shop, ana: str) -> None:
        ben, _ = shop.welcome("ben"), shop.welcome("cay")
        shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")
        shop.memberships.subscribe(ben, tier=Tier.BRONZE, key="k2")
        now = shop.clock.now
        gold = Promotion("", "Gold", frozenset({Tier.GOLD}), now, now + timedelta(days=1), percent=30)

        announced = shop.benefits.promote(gold, by="stf_sam")

        with shop.ledger.transaction() as connection:
            told = connection.execute(
                select(OUTBOX.c.customer_id, OUTBOX.c.payload["about"].astext).where(
                    OUTBOX.c.payload["template"].astext == "promotion"
                )
            ).all()
        assert told == [(ana, announced.id)]

    def test_one_that_could_not_run_is_refused(self, shop: Shop) -> None:
        now = shop.clock.now
        later = now + timedelta(days=1)

        for bad in (
            Promotion("", "Neither", frozenset(Tier), now, later),
            Promotion("", "Both", frozenset(Tier), now, later, percent=10, off=Money(1)),
            Promotion("", "Backwards", frozenset(Tier), later, now, percent=10),
            Promotion("", "For nobody", frozenset(), now, later, percent=10),
            Promotion("", "Too much", frozenset(Tier), now, later, percent=101),
        ):
            with pytest.raises(NotAPromotion):
                shop.benefits.promote(bad, by="stf_sam")
