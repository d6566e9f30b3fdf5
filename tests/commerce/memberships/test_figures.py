from datetime import timedelta

from commerce.memberships.figures import Figures
from commerce.memberships.models import Tier
from tests.shop import Shop


def test_member_who_moved_up_is_counted_now_where_they_are_and_over_time_where_they_joined(
    shop: Shop,
) -> None:
    ana = shop.welcome("ana")
    shop.memberships.subscribe(ana, tier=Tier.SILVER, key="k1")
    shop.clock.advance(timedelta(days=10))
    shop.memberships.tiers.upgrade(ana, tier=Tier.GOLD, key="k2")

    found = Figures(shop.ledger, now=shop.clock).read()

    assert (found.mrr.cents, found.tiers[Tier.GOLD]) == (197_00, 1)
    assert [worth.members for worth in found.lifetime_value.values()] == [0, 1, 0]
    assert found.upgrades == {(Tier.SILVER, Tier.GOLD): 1}
