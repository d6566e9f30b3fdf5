from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from commerce.age.models import AgeNotProven
from commerce.checkout.models import (
    BadQuantity,
    EmptyCart,
    OrderFailed,
    OrderNotFound,
    OrderStatus,
    OrderStatusConflict,
    PriceChanged,
    Request,
    StateMissing,
    StateNotServed,
)
from commerce.checkout.store import orders
from commerce.customers.models import UnknownState
from commerce.fraud.events import FraudDecided
from commerce.inventory.models import MembersOnly, OutOfStock, ProductNotFound
from commerce.memberships.models import Tier
from commerce.payments.models import CardDeclined, KeyReused, PaymentUnsettled
from commerce.payments.ports import Charge, GatewayAnswer, GatewaySilent
from foundation.errors import Conflict, ShopError
from foundation.money import Money
from foundation.outbox import Event
from tests.commerce.checkout.conftest import buy, buy_warily, stock
from tests.crashes import FailingGateway, Killed, Point, RelayedGateway, killing, then_killed
from tests.shop import Shop, product

pytestmark = pytest.mark.slow


def placed(shop: Shop) -> int:
    with shop.ledger.transaction() as connection:
        return int(connection.execute(select(func.count()).select_from(orders)).scalar_one())


def notices(shop: Shop) -> list[str]:
    with shop.ledger.transaction() as connection:
        told = connection.execute(text("SELECT payload->>'template' FROM outbox WHERE topic = 'notices'"))
        return sorted(told.scalars())


@pytest.mark.usefixtures("ana")
class TestPlace:
    def test_order_is_paid_booked_and_told(self, shop: Shop) -> None:
        order = buy(shop, quantity=2)

        assert (order.status, order.totals.total, shop.charged()) == (
            OrderStatus.PAID,
            Money(34_00),
            Money(34_00),
        )
        assert stock(shop)["prd_1"] == (10, 0)
        assert shop.checkout.orders("cus_ana") == [order] == [shop.checkout.find(order.id)]
        assert shop.events("orders")[0]["items"][0]["tax_cents"] == 2_00
        assert shop.events("purchases")[0]["products"] == ["prd_1", "prd_1"]
        assert notices(shop) == ["order_receipt"]

    def test_member_pays_less_as_they_were_told(self, shop: Shop) -> None:
        shop.memberships.subscribe("cus_ana", tier=Tier.GOLD, key="join")

        order = buy(shop, product_id="prd_2")

        told = shop.memberships.discount("cus_ana", subtotal=Money(40_00))
        assert (order.totals.discount, order.percent) == (told.amount, 30) == (Money(12_00), 30)

    def test_gift_comes_with_the_first_purchase_of_a_period(self, shop: Shop) -> None:
        shop.memberships.subscribe("cus_ana", tier=Tier.SILVER, key="join")
        shop.inventory.put([product(9, name="Rolling Tray", attributes={"gift": True}, quantity=5)])

        bought = [buy(shop, key=key) for key in ("k1", "k2")]

        assert [[line.name for line in order.lines if line.is_gift] for order in bought] == [
            ["Rolling Tray"],
            [],
        ]
        assert stock(shop)["prd_9"] == (4, 0)

    @pytest.mark.parametrize(
        ("request_", "refusal"),
        [
            (Request((("prd_1", 0),), state="TX"), BadQuantity),
            (Request((("prd_1", 11), ("prd_1", 11)), state="TX"), BadQuantity),
            (Request((("prd_2", 4),), state="TX"), OutOfStock),
            (Request((("prd_none", 1),), state="TX"), ProductNotFound),
            (Request((("prd_1", 1),), state="ZZ"), UnknownState),
            (Request((("prd_1", 1),), state="Nevada"), StateNotServed),
            (Request((("prd_1", 1),)), StateMissing),
            (Request((("prd_1", 1),), state="TX", expected=Money(16_00)), PriceChanged),
            (Request(state="TX"), EmptyCart),
        ],
    )
    def test_refusal_leaves_nothing_behind(
        self, shop: Shop, request_: Request, refusal: type[ShopError]
    ) -> None:
        with pytest.raises(refusal):
            shop.checkout.place("cus_ana", request=request_, key="k1")

        assert (placed(shop), shop.charges(), stock(shop)["prd_2"]) == (0, 0, (3, 0))

    @pytest.mark.parametrize("state", ["tx", "Texas", " texas "])
    def test_state_is_understood_however_it_is_written(self, shop: Shop, state: str) -> None:
        order = shop.checkout.place("cus_ana", request=Request((("prd_1", 1),), state=state), key="k1")

        assert (order.state, order.totals.tax) == ("TX", Money(1_00))

    def test_nobody_unproven_and_no_lesser_member_buys(self, shop: Shop) -> None:
        shop.welcome("kid", adult=False)
        shop.inventory.put([product(3, min_tier="GOLD")])

        with pytest.raises(AgeNotProven):
            buy(shop, "cus_kid")
        with pytest.raises(MembersOnly, match="for Gold members only"):
            buy(shop, product_id="prd_3")

    def test_declined_card_lets_the_stock_go_and_a_new_key_tries_again(self, shop: Shop) -> None:
        shop.payments.cards.add("cus_ana", nonce="tok_decline")
        with pytest.raises(CardDeclined):
            buy(shop)
        assert (stock(shop)["prd_1"], shop.checkout.orders("cus_ana")) == ((12, 0), [])
        shop.payments.cards.add("cus_ana", nonce="tok_approve.again")

        with pytest.raises(OrderFailed):
            buy(shop)

        assert buy(shop, key="k2").status is OrderStatus.PAID

    def test_key_of_another_order_is_refused(self, shop: Shop) -> None:
        buy(shop)

        with pytest.raises(KeyReused):
            buy(shop, quantity=2)

    def test_someone_elses_order_is_not_found(self, shop: Shop) -> None:
        order = buy(shop)

        with pytest.raises(OrderNotFound):
            shop.checkout.find(order.id, customer_id="cus_ben")


class TestAtOnce:
    def test_one_key_a_hundred_times_is_one_order(self, shop: Shop, ana: str) -> None:
        with ThreadPoolExecutor(20) as clicks:
            ids = set(clicks.map(lambda _: buy(shop, ana).id, range(100)))

        assert (len(ids), shop.charges(), stock(shop)["prd_1"]) == (1, 1, (11, 0))

    def test_a_hundred_customers_each_get_their_order(self, shop: Shop) -> None:
        names = [f"c{number}" for number in range(100)]
        shop.inventory.put([product(1, price=Money(16_00), quantity=250)])
        with ThreadPoolExecutor(10) as doors:
            customers = list(doors.map(shop.welcome, names))

        with ThreadPoolExecutor(100) as tills:
            bought = list(tills.map(lambda who: buy(shop, who, key=f"k-{who}", quantity=2), customers))

        assert len({order.id for order in bought}) == 100 == shop.charges()
        assert {order.status for order in bought} == {OrderStatus.PAID}
        assert (shop.charged(), stock(shop)["prd_1"]) == (Money(34_00) * 100, (50, 0))

    def test_the_last_three_are_sold_once_and_nobody_else_is_charged(self, shop: Shop) -> None:
        customers = [shop.welcome(f"c{number}") for number in range(12)]

        def attempt(customer_id: str) -> bool:
            try:
                return bool(buy(shop, customer_id, key=f"k-{customer_id}", product_id="prd_2"))
            except OutOfStock:
                return False

        with ThreadPoolExecutor(12) as tills:
            got = list(tills.map(attempt, customers))

        assert (sum(got), shop.charges(), stock(shop)["prd_2"]) == (3, 3, (0, 0))


@pytest.mark.usefixtures("ana")
class TestCrashes:
    @pytest.mark.parametrize("point", ["before", "after"])
    def test_killed_checkout_goes_on_under_its_key_at_its_old_terms(self, shop: Shop, point: Point) -> None:
        with pytest.raises(Killed):
            buy(shop.with_gateway(killing(shop.sandbox, point)))
        shop.inventory.put([product(1, price=Money(99_00), quantity=12)])

        order = buy(shop)

        assert (order.status, order.totals.total) == (OrderStatus.PAID, Money(17_00))
        assert (shop.charges(), placed(shop), stock(shop)["prd_1"]) == (1, 1, (11, 0))

    def test_paid_order_that_nobody_asks_for_again_is_booked(self, shop: Shop) -> None:
        with pytest.raises(Killed):
            then_killed(shop.ledger, lambda: buy(shop))
        assert (shop.charges(), stock(shop)["prd_1"]) == (1, (12, 1))
        shop.clock.advance(timedelta(minutes=2))

        finished = [shop.checkout.finish_pending(), shop.checkout.finish_pending()]

        assert (finished, shop.checkout.orders("cus_ana")[0].status) == ([1, 0], OrderStatus.PAID)
        assert (shop.charges(), stock(shop)["prd_1"]) == (1, (11, 0))

    def test_order_that_was_never_charged_is_given_up(self, shop: Shop) -> None:
        with pytest.raises(Killed):
            buy(shop.with_gateway(killing(shop.sandbox, "before")))
        shop.clock.advance(timedelta(hours=9))
        shop.payments.reconciliation.run()

        assert shop.checkout.finish_pending() == 1
        assert (shop.charges(), stock(shop)["prd_1"], shop.checkout.orders("cus_ana")) == (0, (12, 0), [])

    def test_silent_gateway_leaves_the_order_pending_until_it_speaks(self, shop: Shop) -> None:
        silent = FailingGateway(shop.sandbox, after=GatewaySilent(), silence=GatewaySilent(), silent=9)
        with pytest.raises(PaymentUnsettled):
            buy(shop.with_gateway(silent))
        shop.clock.advance(timedelta(minutes=2))
        assert shop.checkout.finish_pending() == 0
        assert shop.checkout.orders("cus_ana")[0].status is OrderStatus.PENDING

        shop.payments.reconciliation.run()

        assert shop.checkout.finish_pending() == 1
        assert (shop.charges(), stock(shop)["prd_1"]) == (1, (11, 0))

    def test_paid_order_whose_goods_are_gone_is_returned(self, shop: Shop) -> None:
        class Robbed(RelayedGateway):
            """While the card is charged, the reservation lapses and the shelf is emptied."""

            def charge(self, charge: Charge) -> GatewayAnswer:
                with shop.ledger.new_transaction():
                    shop.inventory.release("k1")
                    shop.inventory.put([product(1, quantity=0)])
                return super().charge(charge)

        with pytest.raises(OutOfStock):
            buy(shop.with_gateway(Robbed(shop.sandbox)))

        assert (shop.charges(), shop.charged(), shop.events("orders")) == (1, Money(0), [])


@pytest.mark.usefixtures("ana")
class TestReview:
    def test_suspicious_order_waits_uncharged_with_its_stock(self, shop: Shop) -> None:
        order = buy_warily(shop)

        assert order.status is OrderStatus.REVIEW
        assert [review.id for review in shop.fraud.reviews()] == [order.review_id]
        assert (shop.charges(), stock(shop)["prd_1"], notices(shop)) == (0, (12, 1), ["order_held"])
        assert buy(shop).id == order.id

    def test_accepted_order_is_charged_once(self, shop: Shop) -> None:
        order = buy_warily(shop)

        decided = [shop.checkout.decide(order.id, by="stf_1", accept=accept) for accept in (True, False)]

        assert [each.status for each in decided] == [OrderStatus.PAID] * 2
        assert (shop.charges(), stock(shop)["prd_1"]) == (1, (11, 0))
        assert notices(shop) == ["order_held", "order_receipt"]

    def test_decision_of_the_other_desk_is_heard(self, shop: Shop) -> None:
        order = buy_warily(shop)
        assert order.review_id is not None
        shop.fraud.decide(order.review_id, by="stf_1", is_fraud=True)
        decided = FraudDecided(review_id=order.review_id, kind="order", is_fraud=True)
        event = Event("frd_1", decided.topic, "cus_ana", decided, shop.clock())

        shop.checkout.subscriber().handle([event, event])

        assert shop.checkout.find(order.id).status is OrderStatus.REFUSED
        assert (shop.charges(), stock(shop)["prd_1"]) == (0, (12, 0))

    def test_card_declined_after_the_review_fails_the_order(self, shop: Shop) -> None:
        order = buy_warily(shop)
        shop.payments.cards.add("cus_ana", nonce="tok_decline")

        assert shop.checkout.decide(order.id, by="stf_1", accept=True).status is OrderStatus.FAILED
        assert (shop.checkout.find(order.id).status, stock(shop)["prd_1"]) == (OrderStatus.FAILED, (12, 0))

    @pytest.mark.parametrize(("status", "left"), [(OrderStatus.PAID, 11), (OrderStatus.REFUSED, 12)])
    def test_charge_held_by_the_gateway_waits_for_staff(
        self, shop: Shop, status: OrderStatus, left: int
    ) -> None:
        shop.payments.cards.add("cus_ana", nonce="tok_hold")
        order = buy(shop)
        shop.clock.advance(timedelta(days=1))
        assert (order.status, shop.checkout.finish_pending()) == (OrderStatus.REVIEW, 0)

        decided = shop.checkout.decide(order.id, by="stf_1", accept=status is OrderStatus.PAID)

        assert (decided.status, shop.charges(), stock(shop)["prd_1"]) == (status, 1, (left, 0))


@pytest.mark.usefixtures("ana")
class TestCancel:
    def test_cancelled_order_is_refunded_and_restocked_once(self, shop: Shop) -> None:
        order = buy(shop, quantity=2)
        shop.clock.advance(timedelta(minutes=1))

        cancelled = [shop.checkout.cancel(order.id, reason="changed their mind") for _ in range(2)]

        assert {each.status for each in cancelled} == {OrderStatus.CANCELLED}
        assert (shop.charged(), stock(shop)["prd_1"]) == (Money(0), (12, 0))
        assert [told["status"] for told in shop.events("orders")] == ["paid", "cancelled"]

    def test_order_under_review_is_not_cancelled(self, shop: Shop) -> None:
        order = buy_warily(shop)

        with pytest.raises(OrderStatusConflict, match="review") as refused:
            shop.checkout.cancel(order.id, reason="")

        assert isinstance(refused.value, Conflict)
