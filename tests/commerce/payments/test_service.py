from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from commerce.payments.models import (
    CardDeclined,
    CardNotAccepted,
    CardNumberRefused,
    KeyReused,
    NoCardOnFile,
    NothingToPay,
    Payment,
    PaymentFailed,
    PaymentHeld,
    PaymentReturned,
    PaymentStatus,
    PaymentUnsettled,
)
from commerce.payments.ports import GatewaySilent
from commerce.payments.store import cards, payments
from foundation.money import Money
from tests.crashes import FailingGateway, Killed, Point, killing, then_killed
from tests.shop import Shop

PRICE = Money(47_00)


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana")


def charge(shop: Shop, customer_id: str, *, amount: Money = PRICE, key: str = "k1") -> Payment:
    return shop.payments.charge(customer_id, amount=amount, description="Bronze membership", key=key)


def status(shop: Shop, key: str = "k1") -> PaymentStatus:
    with shop.ledger.transaction() as connection:
        found = connection.execute(select(payments.c.status).where(payments.c.key == key)).scalar_one()
    return PaymentStatus(found)


class TestCards:
    def test_stored_card_is_known_by_its_last_four_only(self, shop: Shop, ana: str) -> None:
        with shop.ledger.transaction() as connection:
            stored = str(connection.execute(select(cards)).one())

        assert str(shop.payments.default_card(ana)) == "card ending 1111"
        assert "tok_approve" not in stored

    @pytest.mark.parametrize("nonce", ["4111111111111111", "4111 1111 1111 1111", "x=4111-1111-1111-1111"])
    def test_card_number_is_refused_at_the_door(self, shop: Shop, ana: str, nonce: str) -> None:
        with pytest.raises(CardNumberRefused, match="never send a card number"):
            shop.payments.add_card(ana, nonce=nonce)

        assert len(shop.payments.cards(ana)) == 1

    def test_latest_card_becomes_the_default(self, shop: Shop, ana: str) -> None:
        shop.payments.add_card(ana, nonce="tok_decline.2")

        assert shop.payments.default_card(ana).last_four == "0002"
        assert [card.is_default for card in shop.payments.cards(ana)] == [False, True]

    def test_same_nonce_twice_stores_one_card(self, shop: Shop, ana: str) -> None:
        first = shop.payments.add_card(ana, nonce="tok_hold.once")

        second = shop.payments.add_card(ana, nonce="tok_hold.once")

        assert second == first
        assert len(shop.payments.cards(ana)) == 2

    def test_nonce_the_gateway_does_not_know_is_refused(self, shop: Shop, ana: str) -> None:
        with pytest.raises(CardNotAccepted):
            shop.payments.add_card(ana, nonce="tok_unheard_of")


class TestCharge:
    def test_approved_charge_is_recorded(self, shop: Shop, ana: str) -> None:
        payment = charge(shop, ana)

        assert (payment.status, payment.amount) == (PaymentStatus.APPROVED, PRICE)
        assert shop.charged() == PRICE

    def test_same_key_charges_once(self, shop: Shop, ana: str) -> None:
        first = charge(shop, ana)

        second = charge(shop, ana)

        assert second == first
        assert shop.charges() == 1

    def test_same_key_at_once_charges_once(self, shop: Shop, ana: str) -> None:
        with ThreadPoolExecutor(8) as threads:
            paid = list(threads.map(lambda _: charge(shop, ana), range(8)))

        assert len({payment.id for payment in paid}) == 1
        assert shop.charges() == 1

    def test_key_of_another_payment_is_refused(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)

        with pytest.raises(KeyReused):
            charge(shop, ana, amount=Money(97_00))

    @pytest.mark.parametrize(
        ("card", "refusal", "recorded"),
        [
            ("tok_decline", CardDeclined, PaymentStatus.DECLINED),
            ("tok_error", PaymentFailed, PaymentStatus.FAILED),
            ("tok_hold", PaymentHeld, PaymentStatus.HELD),
        ],
    )
    def test_any_other_answer_is_a_refusal_and_stays_one(
        self, shop: Shop, card: str, refusal: type[Exception], recorded: PaymentStatus
    ) -> None:
        ben = shop.welcome("ben", card=card)

        for _ in range(2):
            with pytest.raises(refusal):
                charge(shop, ben)

        assert status(shop) is recorded
        assert shop.charges() == 1
        assert shop.charged() == Money(0)

    def test_customer_without_a_card_is_sent_to_the_form(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card=None)

        with pytest.raises(NoCardOnFile) as refusal:
            charge(shop, ben)

        assert refusal.value.form == "card"

    @pytest.mark.parametrize("cents", [0, -1])
    def test_nothing_is_not_charged(self, shop: Shop, ana: str, cents: int) -> None:
        with pytest.raises(NothingToPay):
            charge(shop, ana, amount=Money(cents))


class TestCrash:
    @pytest.mark.parametrize("point", ["before", "after"])
    def test_process_killed_around_the_charge_charges_once(self, shop: Shop, ana: str, point: Point) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, point))
        with pytest.raises(Killed):
            charge(dying, ana)

        payment = charge(shop, ana)

        assert payment.status is PaymentStatus.APPROVED
        assert (shop.charges(), shop.charged()) == (1, PRICE)

    def test_process_killed_after_the_answer_finds_it_recorded(self, shop: Shop, ana: str) -> None:
        with pytest.raises(Killed):
            then_killed(shop.ledger, lambda: charge(shop, ana))

        assert status(shop) is PaymentStatus.APPROVED
        assert charge(shop, ana).status is PaymentStatus.APPROVED
        assert shop.charges() == 1

    def test_lost_answer_is_looked_up_at_once(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card="tok_timeout")

        assert charge(shop, ben).status is PaymentStatus.APPROVED
        assert shop.charges() == 1

    def test_silence_leaves_the_payment_open_and_the_same_key_settles_it(self, shop: Shop, ana: str) -> None:
        gateway = FailingGateway(shop.sandbox, after=GatewaySilent(), silence=GatewaySilent(), silent=1)
        with pytest.raises(PaymentUnsettled, match="not be charged twice"):
            charge(shop.with_gateway(gateway), ana)

        payment = charge(shop, ana)

        assert payment.status is PaymentStatus.APPROVED
        assert shop.charges() == 1

    def test_intent_too_old_for_the_duplicate_window_is_not_sent_again(self, shop: Shop, ana: str) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "before"))
        with pytest.raises(Killed):
            charge(dying, ana)
        shop.clock.advance(timedelta(hours=8))

        with pytest.raises(PaymentFailed):
            charge(shop, ana)

        assert shop.charges() == 0


class TestGiveBack:
    def test_charge_of_today_is_voided(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)

        shop.payments.give_back("k1", reason="nothing issued")

        assert status(shop) is PaymentStatus.VOIDED
        assert shop.charged() == Money(0)

    def test_settled_charge_is_refunded(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)
        shop.clock.advance(timedelta(days=2))

        shop.payments.give_back("k1", reason="nothing issued")

        assert status(shop) is PaymentStatus.REFUNDED
        assert shop.charged() == Money(0)

    def test_key_of_a_returned_payment_buys_nothing(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)
        shop.payments.give_back("k1", reason="nothing issued")

        with pytest.raises(PaymentReturned):
            charge(shop, ana)

        assert shop.charges() == 1

    def test_payment_that_bought_something_is_kept(self, shop: Shop, ana: str) -> None:
        shop.payments.deliver(charge(shop, ana))

        shop.payments.give_back("k1", reason="nothing issued")

        assert shop.charged() == PRICE

    def test_declined_payment_has_nothing_to_return(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card="tok_decline")
        with pytest.raises(CardDeclined):
            charge(shop, ben)

        shop.payments.give_back("k1", reason="nothing issued")

        assert status(shop) is PaymentStatus.DECLINED

    def test_silent_gateway_delays_it_until_reconciled(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)
        silent = shop.with_gateway(FailingGateway(shop.sandbox, silence=GatewaySilent(), silent=1))
        silent.payments.give_back("k1", reason="nothing issued")
        shop.clock.advance(timedelta(minutes=1))

        before = status(shop)
        finished = shop.payments.reconcile()

        assert (before, finished) == (PaymentStatus.RETURNING, 1)
        assert status(shop) is PaymentStatus.VOIDED


class TestReconcile:
    def test_charge_that_happened_is_found_and_its_money_returned_when_it_bought_nothing(
        self, shop: Shop, ana: str
    ) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "after"))
        with pytest.raises(Killed):
            charge(dying, ana)

        shop.clock.advance(timedelta(minutes=1))
        shop.payments.reconcile()
        found = status(shop)
        shop.clock.advance(timedelta(hours=1))
        shop.payments.reconcile()

        assert (found, status(shop)) == (PaymentStatus.APPROVED, PaymentStatus.VOIDED)
        assert shop.charged() == Money(0)

    def test_charge_that_never_happened_has_failed(self, shop: Shop, ana: str) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "before"))
        with pytest.raises(Killed):
            charge(dying, ana)
        shop.clock.advance(timedelta(minutes=1))

        shop.payments.reconcile()

        assert status(shop) is PaymentStatus.FAILED
        assert shop.charges() == 0

    def test_fresh_intent_is_left_to_the_one_who_works_on_it(self, shop: Shop, ana: str) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "after"))
        with pytest.raises(Killed):
            charge(dying, ana)

        assert shop.payments.reconcile() == 0
        assert status(shop) is PaymentStatus.PENDING

    def test_payment_in_work_is_not_touched(self, shop: Shop, ana: str) -> None:
        with shop.ledger.transaction():
            charge(shop, ana)
            shop.clock.advance(timedelta(hours=2))

            finished = in_another_thread(shop.payments.reconcile)

        assert finished == 0
        assert status(shop) is PaymentStatus.APPROVED

    def test_delivered_payment_is_kept(self, shop: Shop, ana: str) -> None:
        with shop.ledger.transaction():
            shop.payments.deliver(charge(shop, ana))
        shop.clock.advance(timedelta(days=1))

        assert shop.payments.reconcile() == 0
        assert shop.charged() == PRICE


def in_another_thread(work: Callable[[], int]) -> int:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work).result()
