from datetime import timedelta

import pytest

from commerce.payments.events import PaymentDecided
from commerce.payments.models import PaymentHeld
from commerce.raffles.held import HeldTickets
from foundation.money import Money
from foundation.outbox import Decoder, Event
from tests.shop import Shop

SPRING = "raf_spring"


@pytest.fixture
def ana(shop: Shop) -> str:
    shop.open_raffle()
    return shop.welcome("ana", card="tok_hold")


def decide(shop: Shop, *, accept: bool = True) -> None:
    """A person decides on the held payment, and the event is delivered twice, as it may be."""
    (payment,) = shop.payments.held.waiting()
    shop.payments.held.decide(payment.id, accept=accept, by="stf_sam")
    topic = PaymentDecided.topic
    decided = Decoder(PaymentDecided)(topic, shop.events(topic)[-1])
    event = Event("evt_1", topic, payment.customer_id, decided, shop.clock())
    for _ in range(2):
        HeldTickets(shop.ledger, shop.raffles, shop.payments).issue([event])


def test_tickets_are_issued_when_their_charge_is_let_through(shop: Shop, ana: str) -> None:
    with pytest.raises(PaymentHeld):
        shop.raffles.buy_tickets(ana, raffle_id=SPRING, quantity=3, key="k1")
    assert shop.raffles.my_tickets(ana) == []

    decide(shop)

    assert [ticket.number for ticket in shop.raffles.my_tickets(ana)] == [1, 2, 3]
    assert shop.charged() == Money(15_00)


def test_too_late_for_the_raffle_it_is_given_back_and_told(shop: Shop, ana: str) -> None:
    with pytest.raises(PaymentHeld):
        shop.raffles.buy_tickets(ana, raffle_id=SPRING, quantity=3, key="k1")
    shop.clock.advance(timedelta(days=8))

    decide(shop)

    assert shop.raffles.my_tickets(ana) == []
    assert shop.charged() == Money(0)
    assert [told["template"] for told in shop.events("notices")] == ["refund"]


def test_refused_charge_buys_nothing(shop: Shop, ana: str) -> None:
    with pytest.raises(PaymentHeld):
        shop.raffles.buy_tickets(ana, raffle_id=SPRING, quantity=3, key="k1")

    decide(shop, accept=False)

    assert shop.raffles.my_tickets(ana) == []
    assert shop.charged() == Money(0)
