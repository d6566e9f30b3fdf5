"""How an order ends that nobody waits for, and the gift that comes with one order of a period."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from commerce.checkout.models import CartUnderWay, Order, OrderStatus, Request
from commerce.fraud.events import FraudDecided
from commerce.inventory.models import OutOfStock
from commerce.memberships.models import Tier
from commerce.payments.models import CardDeclined, PaymentUnsettled
from commerce.payments.ports import Charge, GatewayAnswer, GatewaySilent
from foundation.money import Money
from foundation.outbox import Event
from tests.commerce.checkout.conftest import buy, buy_warily, stock
from tests.crashes import FailingGateway, Killed, RelayedGateway, killing
from tests.shop import Shop, product

pytestmark = [pytest.mark.usefixtures("ana"), pytest.mark.slow]


def failures(shop: Shop) -> list[dict[str, Any]]:
    told = [each for each in shop.events("notices") if each["template"] == "order_failed"]
    return [{"why": each["why"], "returned": each["returned_cents"]} for each in told]


def statuses(shop: Shop) -> list[str]:
    """As the warehouse is told them."""
    return [told["status"] for told in shop.events("orders")]


def silent(shop: Shop) -> FailingGateway:
    """It charges, and nobody hears of it until it is asked again."""
    return FailingGateway(shop.sandbox, after=GatewaySilent(), silence=GatewaySilent(), silent=1)


def fill_cart(shop: Shop, product_id: str = "prd_1") -> None:
    shop.carts.add("cus_ana", product_id=product_id, quantity=1)


def buy_cart(shop: Shop, key: str) -> Order:
    return shop.checkout.place("cus_ana", request=Request(state="TX"), key=key)


def gifts(order: Order) -> list[str]:
    return [line.name for line in order.lines if line.is_gift]


class TestTold:
    def test_refused_order_is_told_with_nothing_charged(self, shop: Shop) -> None:
        order = buy_warily(shop)
        shop.clock.advance(timedelta(hours=1))

        for _ in range(2):
            shop.checkout.decide(order.id, by="stf_1", accept=False)

        assert failures(shop) == [{"why": "We reviewed the order and cannot accept it.", "returned": 0}]
        assert statuses(shop) == ["review", "refused"]

    def test_card_declined_after_the_review_is_told(self, shop: Shop) -> None:
        order = buy_warily(shop)
        shop.payments.cards.add("cus_ana", nonce="tok_decline")
        shop.clock.advance(timedelta(hours=1))

        shop.checkout.decide(order.id, by="stf_1", accept=True)

        (told,) = failures(shop)
        assert ("declined" in told["why"], told["returned"]) == (True, 0)
        assert statuses(shop) == ["review", "failed"]

    def test_goods_gone_while_the_gateway_held_the_charge_are_told_and_paid_back(self, shop: Shop) -> None:
        shop.payments.cards.add("cus_ana", nonce="tok_hold")
        order = buy(shop)
        shop.clock.advance(timedelta(days=4))
        shop.inventory.sweep(shop.clock())
        shop.inventory.put([product(1, quantity=0)])

        decided = shop.checkout.decide(order.id, by="stf_1", accept=True)

        assert (decided.status, shop.charged()) == (OrderStatus.FAILED, Money(0))
        assert failures(shop) == [
            {"why": "I am sorry: we are out of Night Owl Gummies.", "returned": order.totals.total.cents}
        ]

    def test_order_that_a_crash_ended_is_told(self, shop: Shop) -> None:
        with pytest.raises(Killed):
            buy(shop.with_gateway(killing(shop.sandbox, "before")))
        shop.clock.advance(timedelta(hours=9))
        shop.payments.reconciliation.run()

        finished = [shop.checkout.finish_pending() for _ in range(2)]

        assert (finished, len(failures(shop)), statuses(shop)) == ([1, 0], 1, [])

    def test_customer_who_heard_the_refusal_is_not_told_again(self, shop: Shop) -> None:
        shop.payments.cards.add("cus_ana", nonce="tok_decline")

        with pytest.raises(CardDeclined):
            buy(shop)

        assert failures(shop) == []


class TestHeld:
    def test_verdict_of_the_fraud_desk_lets_no_charge_through_that_the_gateway_holds(
        self, shop: Shop
    ) -> None:
        order = buy_warily(shop)
        shop.payments.cards.add("cus_ana", nonce="tok_hold")
        held = shop.checkout.decide(order.id, by="stf_1", accept=True)
        decided = FraudDecided(review_id=order.review_id or "", kind="order", is_fraud=False)

        shop.checkout.subscriber().handle([Event("frd_1", decided.topic, "cus_ana", decided, shop.clock())])

        assert (held.status, shop.checkout.find(order.id).status) == (OrderStatus.REVIEW,) * 2
        assert [payment.key for payment in shop.payments.held.waiting()] == [order.key]

    def test_many_held_charges_keep_no_crashed_order_waiting(self, shop: Shop) -> None:
        shop.inventory.put([product(1, quantity=500)])
        shop.payments.cards.add("cus_ana", nonce="tok_hold")
        for number in range(101):
            buy(shop, key=f"held-{number}")
        shop.payments.cards.add("cus_ana", nonce="tok_approve.again")
        with pytest.raises(PaymentUnsettled):
            buy(shop.with_gateway(silent(shop)))
        shop.clock.advance(timedelta(minutes=2))
        shop.payments.reconciliation.run()

        assert shop.checkout.finish_pending() == 1


class TestCart:
    def test_cart_is_not_bought_again_while_the_bank_is_silent(self, shop: Shop) -> None:
        fill_cart(shop)
        with pytest.raises(PaymentUnsettled):
            buy_cart(shop.with_gateway(silent(shop)), "k1")

        with pytest.raises(CartUnderWay):
            buy_cart(shop, "k2")

        assert buy_cart(shop, "k1").status is OrderStatus.PAID
        assert (shop.charges(), stock(shop)["prd_1"]) == (1, (11, 0))

    def test_what_is_put_in_meanwhile_stays(self, shop: Shop) -> None:
        fill_cart(shop)
        with pytest.raises(PaymentUnsettled):
            buy_cart(shop.with_gateway(silent(shop)), "k1")
        fill_cart(shop, "prd_2")

        buy_cart(shop, "k1")

        assert [line.product.id for line in shop.carts.show("cus_ana").lines] == ["prd_2"]


class TestGift:
    @pytest.fixture(autouse=True)
    def membership(self, shop: Shop, ana: str) -> None:
        shop.memberships.subscribe(ana, tier=Tier.SILVER, key="join")
        shop.inventory.put([product(9, name="Rolling Tray", attributes={"gift": True}, quantity=5)])

    def test_order_that_waits_has_the_gift_of_the_period(self, shop: Shop) -> None:
        waiting = buy_warily(shop)

        other = buy(shop, key="k2")

        assert (gifts(waiting), gifts(other), stock(shop)["prd_9"]) == (["Rolling Tray"], [], (5, 1))

    def test_orders_placed_at_once_have_one_gift_among_them(self, shop: Shop) -> None:
        with ThreadPoolExecutor(8) as clicks:
            bought = list(clicks.map(lambda number: buy(shop, key=f"k{number}"), range(8)))

        assert [name for order in bought for name in gifts(order)] == ["Rolling Tray"]
        assert stock(shop)["prd_9"] == (4, 0)

    def test_gift_of_an_order_that_came_to_nothing_is_due_again(self, shop: Shop) -> None:
        shop.payments.cards.add("cus_ana", nonce="tok_hold")
        refused = buy(shop)
        shop.checkout.decide(refused.id, by="stf_1", accept=False)
        shop.payments.cards.add("cus_ana", nonce="tok_decline")
        with pytest.raises(CardDeclined):
            buy(shop, key="k2")
        shop.payments.cards.add("cus_ana", nonce="tok_approve.again")
        cancelled = buy(shop, key="k3")
        shop.checkout.cancel(cancelled.id, reason="ordered by mistake")

        bought = buy(shop, key="k4")

        assert gifts(refused) == gifts(cancelled) == gifts(bought) == ["Rolling Tray"]
        assert stock(shop)["prd_9"] == (4, 0)

    def test_last_pieces_of_a_gift_may_be_bought(self, shop: Shop) -> None:
        order = buy(shop, product_id="prd_9", quantity=5)

        assert (order.status, gifts(order), stock(shop)["prd_9"]) == (OrderStatus.PAID, [], (0, 0))


def test_paid_order_whose_goods_are_counted_away_is_returned(shop: Shop) -> None:
    class Counting(RelayedGateway):
        """While the card is charged, the shelf is found to hold less than is reserved."""

        def charge(self, charge: Charge) -> GatewayAnswer:
            with shop.ledger.new_transaction():
                shop.inventory.put([product(1, quantity=1)])
            return super().charge(charge)

    counting = Counting(shop.sandbox)
    with pytest.raises(OutOfStock):
        buy(shop.with_gateway(counting), quantity=2)

    assert (shop.charged(), stock(shop)["prd_1"]) == (Money(0), (1, 0))


def test_cancelled_order_is_told_what_goes_back_and_no_more(shop: Shop) -> None:
    order = buy(shop)
    shop.clock.advance(timedelta(days=2))
    shop.payments.refunds.refund(str(order.payment_id), amount=Money(5_00), reason="a dent", key="dent")

    shop.checkout.cancel(order.id, reason="changed their mind")

    (told,) = [each for each in shop.events("notices") if each["template"] == "refund"]
    assert (told["amount_cents"], shop.charged()) == (12_00, Money(0))
