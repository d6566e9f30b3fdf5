from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from commerce.age.models import AgeNotProven
from commerce.fraud.models import RequestFingerprint
from commerce.memberships.models import Tier
from commerce.payments.models import CardDeclined, KeyReused, PaymentFailed, PaymentHeld, PaymentReturned
from commerce.payments.ports import Charge, GatewayAnswer
from commerce.raffles import store
from commerce.raffles.models import (
    NoTickets,
    PurchaseInReview,
    Raffle,
    RaffleClosed,
    RaffleNotFound,
    RaffleStatus,
    Receipt,
    SoldOut,
    TicketLimit,
)
from commerce.raffles.store import raffles
from foundation.errors import ShopError
from foundation.money import Money
from tests.crashes import Killed, Point, RelayedGateway, killing, then_killed
from tests.shop import Shop

pytestmark = pytest.mark.slow


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana")


@pytest.fixture
def raffle(shop: Shop) -> Raffle:
    return shop.open_raffle()


def buy(shop: Shop, customer_id: str, quantity: int = 1, *, key: str = "k1") -> Receipt:
    return shop.raffles.buy_tickets(customer_id, raffle_id="raf_spring", quantity=quantity, key=key)


def numbers(shop: Shop, customer_id: str) -> list[int]:
    return [ticket.number for ticket in shop.raffles.my_tickets(customer_id)]


class CancellingGateway(RelayedGateway):
    """The raffle is cancelled while the card is charged."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.sandbox)
        self._shop = shop

    def charge(self, charge: Charge) -> GatewayAnswer:
        with self._shop.ledger.new_transaction() as connection:
            connection.execute(update(raffles).values(status=RaffleStatus.CANCELLED))
        return super().charge(charge)


@pytest.mark.usefixtures("raffle")
class TestBuyTickets:
    def test_numbers_follow_each_other_and_are_told(self, shop: Shop, ana: str) -> None:
        buy(shop, ana, 2)

        receipt = buy(shop, ana, 3, key="k2")

        assert [ticket.number for ticket in receipt.tickets] == [3, 4, 5]
        assert numbers(shop, ana) == [1, 2, 3, 4, 5]
        assert shop.charged() == Money(25_00)
        assert sorted(told["ticket_number"] for told in shop.events("raffle_tickets")) == [1, 2, 3, 4, 5]
        assert {told["num_tickets"] for told in shop.events("raffle_transactions")} == {2, 3}

    def test_same_key_buys_once(self, shop: Shop, ana: str) -> None:
        first = buy(shop, ana, 2)

        second = buy(shop, ana, 2)

        assert [ticket.id for ticket in second.tickets] == [ticket.id for ticket in first.tickets]
        assert (shop.charges(), numbers(shop, ana)) == (1, [1, 2])

    def test_key_of_another_purchase_is_refused(self, shop: Shop, ana: str) -> None:
        buy(shop, ana, 2)

        with pytest.raises(KeyReused):
            buy(shop, ana, 3)

    def test_key_of_a_membership_buys_no_tickets_and_the_membership_stays_paid(
        self, shop: Shop, ana: str
    ) -> None:
        shop.memberships.subscribe(ana, tier=Tier.BRONZE, key="k1")

        with pytest.raises(KeyReused):
            buy(shop, ana)

        assert (shop.charged(), numbers(shop, ana)) == (Money(47_00), [])

    @pytest.mark.parametrize(
        ("card", "refusal"),
        [("tok_decline", CardDeclined), ("tok_error", PaymentFailed), ("tok_hold", PaymentHeld)],
    )
    def test_payment_that_fails_gives_no_tickets_and_frees_the_places(
        self, shop: Shop, ana: str, card: str, refusal: type[Exception]
    ) -> None:
        shop.open_raffle(id="raf_small", max_tickets=2)
        ben = shop.welcome("ben", card=card)
        with pytest.raises(refusal):
            shop.raffles.buy_tickets(ben, raffle_id="raf_small", quantity=2, key="k1")

        receipt = shop.raffles.buy_tickets(ana, raffle_id="raf_small", quantity=2, key="k2")

        assert [ticket.number for ticket in receipt.tickets] == [1, 2]
        assert numbers(shop, ben) == []

    def test_lost_answer_of_the_bank_still_gives_the_tickets(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card="tok_timeout")

        buy(shop, ben, 2)

        assert (shop.charges(), numbers(shop, ben)) == (1, [1, 2])

    def test_tickets_that_cannot_be_issued_are_paid_back(self, shop: Shop, ana: str) -> None:
        cancelling = shop.with_gateway(CancellingGateway(shop))

        with pytest.raises(RaffleClosed):
            buy(cancelling, ana)

        assert (shop.charges(), shop.charged()) == (1, Money(0))
        assert numbers(shop, ana) == []

    def test_key_of_tickets_paid_back_buys_nothing_later(self, shop: Shop, ana: str) -> None:
        with pytest.raises(RaffleClosed):
            buy(shop.with_gateway(CancellingGateway(shop)), ana)
        with shop.ledger.transaction() as connection:
            connection.execute(update(raffles).values(status=RaffleStatus.OPEN))

        with pytest.raises(PaymentReturned):
            buy(shop, ana)

        assert numbers(shop, ana) == []


@pytest.mark.usefixtures("raffle")
class TestCrash:
    @pytest.mark.parametrize("point", ["before", "after"])
    def test_crash_around_the_charge_is_made_good_by_the_same_key(
        self, shop: Shop, ana: str, point: Point
    ) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, point))
        with pytest.raises(Killed):
            buy(dying, ana, 2)

        buy(shop, ana, 2)

        assert (shop.charges(), shop.charged(), numbers(shop, ana)) == (1, Money(10_00), [1, 2])

    def test_crash_before_the_commit_leaves_no_gap_in_the_numbers(self, shop: Shop, ana: str) -> None:
        with pytest.raises(Killed):
            then_killed(shop.ledger, lambda: buy(shop, ana, 2))

        buy(shop, shop.welcome("ben"), 1, key="k2")
        buy(shop, ana, 2)

        assert (numbers(shop, "cus_ben"), numbers(shop, ana)) == ([1], [2, 3])
        assert shop.charges() == 2

    def test_money_is_returned_when_the_raffle_closed_before_the_retry(self, shop: Shop, ana: str) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "after"))
        with pytest.raises(Killed):
            buy(dying, ana)
        shop.clock.advance(timedelta(days=8))
        shop.payments.reconciliation.run()

        with pytest.raises(RaffleClosed):
            buy(shop, ana)

        assert (numbers(shop, ana), shop.charged()) == ([], Money(0))

    def test_places_held_by_a_dead_process_are_freed_after_ten_minutes(self, shop: Shop, ana: str) -> None:
        shop.open_raffle(id="raf_one", max_tickets=1)
        dying = shop.with_gateway(killing(shop.sandbox, "before"))
        with pytest.raises(Killed):
            dying.raffles.buy_tickets(ana, raffle_id="raf_one", quantity=1, key="k1")
        ben = shop.welcome("ben")

        with pytest.raises(SoldOut):
            shop.raffles.buy_tickets(ben, raffle_id="raf_one", quantity=1, key="k2")
        shop.clock.advance(timedelta(minutes=10))

        assert shop.raffles.buy_tickets(ben, raffle_id="raf_one", quantity=1, key="k3").tickets


class TestRefusals:
    def test_unknown_raffle(self, shop: Shop, ana: str) -> None:
        with pytest.raises(RaffleNotFound):
            buy(shop, ana)

    @pytest.mark.parametrize("days", [-2, 7])
    def test_raffle_not_yet_or_no_longer_open(self, shop: Shop, ana: str, raffle: Raffle, days: int) -> None:
        shop.clock.advance(timedelta(days=days))

        with pytest.raises(RaffleClosed, match=raffle.title):
            buy(shop, ana)

        assert shop.charges() == 0

    def test_unproven_age(self, shop: Shop, raffle: Raffle) -> None:
        minor = shop.welcome("minor", adult=False)

        with pytest.raises(AgeNotProven):
            buy(shop, minor)

        assert shop.raffles.find(raffle.id).sold == 0

    @pytest.mark.parametrize("quantity", [0, -3])
    def test_no_tickets(self, shop: Shop, ana: str, raffle: Raffle, quantity: int) -> None:
        with pytest.raises(NoTickets):
            shop.raffles.quote(ana, raffle_id=raffle.id, quantity=quantity)

    def test_more_than_the_customers_share(self, shop: Shop, ana: str, raffle: Raffle) -> None:
        buy(shop, ana, 8)

        with pytest.raises(TicketLimit, match="10 tickets a customer, and you can still buy 2 tickets"):
            shop.raffles.quote(ana, raffle_id=raffle.id, quantity=3)

    def test_more_than_are_left(self, shop: Shop, ana: str) -> None:
        shop.open_raffle(max_tickets=3)
        buy(shop, ana, 2)

        with pytest.raises(SoldOut, match="only 1 ticket left"):
            buy(shop, shop.welcome("ben"), 2, key="k2")


def test_quote_names_the_total_and_the_card(shop: Shop, ana: str, raffle: Raffle) -> None:
    quote = shop.raffles.quote(ana, raffle_id=raffle.id, quantity=3)

    assert (quote.total, quote.card) == (Money(15_00), "card ending 1111")


@pytest.mark.parametrize("point", ["before", "after"])
def test_tickets_under_way_do_not_stand_in_their_own_way(
    shop: Shop, ana: str, raffle: Raffle, point: Point
) -> None:
    dying = shop.with_gateway(killing(shop.sandbox, point))
    begun = shop.raffles.quote(ana, raffle_id=raffle.id, quantity=8, key="k1")
    with pytest.raises(Killed):
        buy(dying, ana, 8)

    quote = shop.raffles.quote(ana, raffle_id=raffle.id, quantity=8, key="k1")

    assert quote == begun


def test_only_raffles_that_sell_now_are_listed(shop: Shop) -> None:
    now = shop.clock()
    shop.open_raffle(id="raf_open")
    shop.open_raffle(id="raf_later", opens_at=now + timedelta(hours=1))
    shop.open_raffle(id="raf_over", closes_at=now)
    shop.open_raffle(id="raf_cancelled", status=RaffleStatus.CANCELLED)

    assert [raffle.id for raffle in shop.raffles.list_open()] == ["raf_open"]


def test_two_hundred_buyers_at_once_get_every_number_once_and_no_more_than_there_are(shop: Shop) -> None:
    shop.open_raffle(max_tickets=300)
    buyers = [shop.welcome(f"buyer{number}") for number in range(200)]

    def attempt(customer_id: str) -> int:
        try:
            return len(buy(shop, customer_id, 2, key=f"key-{customer_id}").tickets)
        except SoldOut:
            return 0

    with ThreadPoolExecutor(200) as threads:
        bought = list(threads.map(attempt, buyers))

    issued = sorted(number for customer_id in buyers for number in numbers(shop, customer_id))
    assert Counter(bought) == {2: 150, 0: 50}
    assert issued == list(range(1, 301))
    assert shop.charged() == Money(300 * 5_00)


def test_one_customer_at_once_stays_within_their_share(shop: Shop, ana: str) -> None:
    shop.open_raffle(per_customer_limit=5)

    def attempt(number: int) -> bool:
        try:
            return bool(buy(shop, ana, 2, key=f"k{number}"))
        except ShopError:
            return False

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(attempt, range(6)))

    assert sum(outcomes) == 2
    assert numbers(shop, ana) == [1, 2, 3, 4]


class TestReview:
    """A purchase that looks like fraud."""

    @pytest.fixture
    def late(self, shop: Shop) -> str:
        """The last of several accounts that use one stolen card on one device."""
        shop.open_raffle()
        names = [f"thief{number}" for number in range(8)]
        for name in names[:-1]:
            shop.welcome(name, card="tok_approve.stolen")
            with suppress(PurchaseInReview):
                self._buy(shop, f"cus_{name}", key=name)
        return shop.welcome(names[-1], card="tok_approve.stolen")

    def _buy(self, shop: Shop, customer_id: str, *, key: str) -> Receipt:
        fingerprint = RequestFingerprint(ip="192.0.2.1", device="Thief/1.0")
        return shop.raffles.buy_tickets(
            customer_id, raffle_id="raf_spring", quantity=1, key=key, fingerprint=fingerprint
        )

    def test_is_refused_uncharged_until_a_person_has_looked(self, shop: Shop, late: str) -> None:
        charged = shop.charges()

        with pytest.raises(PurchaseInReview):
            self._buy(shop, late, key="k1")

        [review] = [each for each in shop.fraud.reviews() if each.customer_id == late]
        assert (review.kind, shop.charges(), numbers(shop, late)) == ("raffle", charged, [])
        with shop.ledger.transaction() as connection:
            held = store.taken(
                connection, shop.raffles.find("raf_spring"), late, except_key="", now=shop.clock()
            )
        assert held.by_customer == 0

    @pytest.mark.parametrize("key", ["k1", "k2"])
    def test_is_sold_once_it_was_found_genuine(self, shop: Shop, late: str, key: str) -> None:
        with pytest.raises(PurchaseInReview):
            self._buy(shop, late, key="k1")
        [review] = [each for each in shop.fraud.reviews() if each.customer_id == late]

        shop.fraud.decide(review.id, by="stf_kim", is_fraud=False)

        assert len(self._buy(shop, late, key=key).tickets) == 1

    def test_purchase_found_to_be_fraud_stays_refused(self, shop: Shop, late: str) -> None:
        with pytest.raises(PurchaseInReview):
            self._buy(shop, late, key="k1")
        [review] = [each for each in shop.fraud.reviews() if each.customer_id == late]

        shop.fraud.decide(review.id, by="stf_kim", is_fraud=True)

        with pytest.raises(PurchaseInReview):
            self._buy(shop, late, key="k1")
