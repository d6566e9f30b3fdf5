from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from commerce.payments.models import (
    CardDeclined,
    KeyReused,
    NoCardOnFile,
    NotHeld,
    NothingToPay,
    PaymentFailed,
    PaymentHeld,
    PaymentReturned,
    PaymentStatus,
    PaymentUnsettled,
)
from commerce.payments.ports import Charge, GatewayAway, GatewaySilent
from foundation.money import Money
from tests.commerce.payments.conftest import PRICE, charge, status
from tests.crashes import FailingGateway, Killed, Point, killing, then_killed
from tests.shop import Shop

pytestmark = pytest.mark.slow


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

    def test_gateway_that_was_not_reached_has_charged_nothing(self, shop: Shop, ana: str) -> None:
        away = shop.with_gateway(FailingGateway(shop.sandbox, before=GatewayAway()))

        with pytest.raises(PaymentFailed, match="nothing was charged") as refusal:
            charge(away, ana)

        assert status(shop) is PaymentStatus.FAILED
        assert refusal.value.details["expected"] == "a new key for a new try"

    def test_key_of_a_failed_payment_is_answered_the_same_for_ever(self, shop: Shop, ana: str) -> None:
        silent = FailingGateway(shop.sandbox, before=GatewaySilent(), silence=GatewaySilent(), silent=1)
        with pytest.raises(PaymentUnsettled):
            charge(shop.with_gateway(silent), ana)
        shop.clock.advance(timedelta(minutes=1))
        shop.payments.reconciliation.run()

        for _ in range(2):
            with pytest.raises(PaymentFailed) as refusal:
                charge(shop, ana)
            assert refusal.value.code == "PAYMENT_DECLINED"

        assert charge(shop, ana, key="k2").status is PaymentStatus.APPROVED

    def test_charge_that_comes_about_after_it_was_given_up_goes_back(self, shop: Shop, ana: str) -> None:
        silent = FailingGateway(shop.sandbox, before=GatewaySilent(), silence=GatewaySilent(), silent=1)
        with pytest.raises(PaymentUnsettled):
            charge(shop.with_gateway(silent), ana)
        shop.clock.advance(timedelta(minutes=1))
        shop.payments.reconciliation.run()
        [given_up] = shop.payments.charges.of_customer(ana)
        late = shop.sandbox.transactions.charge(
            Charge("tok_approve", PRICE, given_up.invoice, "Bronze membership")
        )
        transaction = shop.sandbox.transactions.look_up(str(late.transaction_id))
        assert transaction is not None

        for _ in range(2):
            shop.payments.reconciliation.observe(transaction)

        assert (status(shop), shop.charged()) == (PaymentStatus.VOIDED, Money(0))
        with pytest.raises(PaymentReturned):
            charge(shop, ana)


class TestHeld:
    @pytest.fixture
    def held(self, shop: Shop) -> str:
        ben = shop.welcome("ben", card="tok_hold")
        with pytest.raises(PaymentHeld):
            charge(shop, ben)
        [payment] = shop.payments.held.waiting()
        return payment.id

    def test_accepted_payment_answers_its_key_and_waits_three_days_for_it(
        self, shop: Shop, held: str
    ) -> None:
        accepted = [shop.payments.held.decide(held, accept=True, by="stf_sam").id for _ in range(2)]
        shop.clock.advance(timedelta(days=2))
        shop.payments.reconciliation.run()

        assert [charge(shop, "cus_ben").id] * 2 == accepted
        assert (shop.charged(), shop.payments.held.waiting()) == (PRICE, [])

    def test_accepted_payment_that_nobody_books_goes_back(self, shop: Shop, held: str) -> None:
        shop.payments.held.decide(held, accept=True, by="stf_sam")
        shop.clock.advance(timedelta(days=3))

        shop.payments.reconciliation.run()

        assert shop.charged() == Money(0)

    def test_refused_payment_charges_nothing(self, shop: Shop, held: str) -> None:
        for _ in range(2):
            shop.payments.held.decide(held, accept=False, by="stf_sam")

        with pytest.raises(CardDeclined):
            charge(shop, "cus_ben")
        with pytest.raises(NotHeld):
            shop.payments.held.decide(held, accept=True, by="stf_sam")
        assert shop.charged() == Money(0)

    def test_decision_made_at_the_gateway_is_taken_over(self, shop: Shop, held: str) -> None:
        transaction_id = shop.payments.charges.find(held).transaction_id or ""
        shop.sandbox.transactions.decide_held(transaction_id, accept=False)

        settled = shop.payments.held.decide(held, accept=True, by="stf_sam")

        assert settled.status is PaymentStatus.DECLINED

    def test_payment_that_is_not_held_is_not_decided(self, shop: Shop, ana: str) -> None:
        with pytest.raises(NotHeld):
            shop.payments.held.decide(charge(shop, ana).id, accept=False, by="stf_sam")
