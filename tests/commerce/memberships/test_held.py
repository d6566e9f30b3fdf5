import pytest

from commerce.memberships.held import HeldMemberships
from commerce.memberships.models import MembershipStatus, Tier
from commerce.payments.events import PaymentDecided
from commerce.payments.models import PaymentHeld
from foundation.money import Money
from foundation.outbox import Decoder, Event
from tests.shop import Shop


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana", card="tok_hold")


def decide(shop: Shop, *, accept: bool = True) -> None:
    """A person decides on the held payment, and the event is delivered twice, as it may be."""
    (payment,) = shop.payments.held.waiting()
    shop.payments.held.decide(payment.id, accept=accept, by="stf_sam")
    topic = PaymentDecided.topic
    decided = Decoder(PaymentDecided)(topic, shop.events(topic)[-1])
    event = Event("evt_1", topic, payment.customer_id, decided, shop.clock())
    for _ in range(2):
        HeldMemberships(shop.memberships, shop.payments).handle([event])


def test_membership_begins_when_its_charge_is_let_through(shop: Shop, ana: str) -> None:
    with pytest.raises(PaymentHeld):
        shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

    decide(shop)

    membership = shop.memberships.status(ana)
    assert membership is not None
    assert (membership.tier, membership.status) == (Tier.GOLD, MembershipStatus.ACTIVE)
    assert shop.charged() == Money(197_00)
    assert [told["template"] for told in shop.events("notices")] == ["welcome"]


def test_upgrade_is_made_for_what_it_cost_then(shop: Shop) -> None:
    ben = shop.welcome("ben")
    shop.memberships.subscribe(ben, tier=Tier.BRONZE, key="k1")
    shop.payments.cards.add(ben, nonce="tok_hold")
    with pytest.raises(PaymentHeld):
        shop.memberships.tiers.upgrade(ben, tier=Tier.GOLD, key="k2")

    decide(shop)

    assert shop.memberships.entitlements(ben).tier == Tier.GOLD
    assert shop.charged() == Money(197_00)


def test_what_can_be_booked_no_more_is_given_back_and_told(shop: Shop, ana: str) -> None:
    with pytest.raises(PaymentHeld):
        shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")
    shop.payments.cards.add(ana, nonce="tok_approve")
    shop.memberships.subscribe(ana, tier=Tier.SILVER, key="k2")

    decide(shop)

    assert shop.memberships.entitlements(ana).tier == Tier.SILVER
    assert shop.charged() == Money(97_00)
    assert sorted(told["template"] for told in shop.events("notices")) == ["refund", "welcome"]


def test_refused_charge_makes_no_member(shop: Shop, ana: str) -> None:
    with pytest.raises(PaymentHeld):
        shop.memberships.subscribe(ana, tier=Tier.GOLD, key="k1")

    decide(shop, accept=False)

    assert shop.memberships.status(ana) is None
    assert shop.charged() == Money(0)
