from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from commerce.payments.models import (
    CardDeclined,
    KeyReused,
    NothingToPay,
    NothingToRefund,
    Payment,
    PaymentNotFound,
    PaymentReturned,
    PaymentStatus,
    Refund,
    RefundOrigin,
    RefundRefused,
    RefundStatus,
)
from commerce.payments.ports import (
    CardGateway,
    GatewayAnswer,
    GatewaySilent,
    Return,
    Stage,
    Transaction,
    Verdict,
)
from foundation.errors import ShopError
from foundation.money import Money
from tests.commerce.payments.conftest import PRICE, charge, status
from tests.crashes import FailingGateway, Killed, RelayedGateway, killing
from tests.shop import Shop

A_DAY = timedelta(days=1)

pytestmark = pytest.mark.slow


class UnwillingGateway(RelayedGateway):
    """Refunds nothing."""

    def refund(self, refund: Return) -> GatewayAnswer:
        return GatewayAnswer(Verdict.ERROR, refund.transaction_id)


class RefundFirstGateway(RelayedGateway):
    """Finds a refund where its charge has the same invoice."""

    def __init__(self, inner: CardGateway, refund: Transaction) -> None:
        super().__init__(inner)
        self._refund = refund

    def find(self, invoice: str) -> Transaction | None:
        return self._refund if super().find(invoice) else None


@pytest.fixture
def paid(shop: Shop, ana: str) -> Payment:
    """Booked, and settled at the gateway."""
    payment = charge(shop, ana)
    shop.payments.charges.mark_delivered(payment)
    shop.clock.advance(A_DAY)
    return payment


def refund(shop: Shop, payment: Payment, cents: int | None = None, *, key: str = "r1") -> Refund:
    amount = None if cents is None else Money(cents)
    return shop.payments.refunds.refund(payment.id, amount=amount, reason="it came late", key=key)


class TestRefund:
    def test_unsettled_charge_is_voided(self, shop: Shop, ana: str) -> None:
        payment = charge(shop, ana)

        made = refund(shop, payment)

        assert (made.status, status(shop)) == (RefundStatus.VOIDED, PaymentStatus.VOIDED)
        assert shop.charged() == Money(0)

    def test_settled_charge_is_refunded_in_parts(self, shop: Shop, paid: Payment) -> None:
        part = refund(shop, paid, 20_00)
        still = shop.payments.charges.find(paid.id)

        rest = refund(shop, paid, key="r2")

        assert (part.status, still.status, still.refunded) == (
            RefundStatus.REFUNDED,
            PaymentStatus.APPROVED,
            Money(20_00),
        )
        assert (rest.amount, status(shop)) == (Money(27_00), PaymentStatus.REFUNDED)
        assert shop.payments.refunds.of_payment(paid.id) == [part, rest]
        assert shop.charged() == Money(0)

    def test_part_of_an_unsettled_charge_waits_for_the_settlement(self, shop: Shop, ana: str) -> None:
        payment = charge(shop, ana)
        shop.payments.charges.mark_delivered(payment)

        early = refund(shop, payment, 20_00)
        shop.clock.advance(A_DAY)
        shop.payments.reconciliation.run()

        assert early.status is RefundStatus.PENDING
        assert [each.status for each in shop.payments.refunds.of_payment(payment.id)] == [
            RefundStatus.REFUNDED
        ]
        assert shop.charged() == Money(27_00)

    def test_same_key_refunds_once(self, shop: Shop, paid: Payment) -> None:
        first = refund(shop, paid, 20_00)

        second = refund(shop, paid, 20_00)

        assert second == first
        assert shop.charged() == Money(27_00)

    def test_key_of_another_refund_is_refused(self, shop: Shop, paid: Payment) -> None:
        refund(shop, paid, 20_00)

        with pytest.raises(KeyReused):
            refund(shop, paid, 10_00)

    @pytest.mark.parametrize(
        ("cents", "refusal"), [(47_01, NothingToRefund), (0, NothingToPay), (-1, NothingToPay)]
    )
    def test_never_more_than_was_taken_and_never_nothing(
        self, shop: Shop, paid: Payment, cents: int, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            refund(shop, paid, cents)

        assert shop.charged() == PRICE

    def test_refunds_that_race_never_exceed_the_payment(self, shop: Shop, paid: Payment) -> None:
        def attempt(number: int) -> bool:
            try:
                refund(shop, paid, 10_00, key=f"r{number}")
            except ShopError:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            made = sum(threads.map(attempt, range(8)))

        assert made == 4
        assert shop.charged() == Money(7_00)

    def test_same_key_at_once_refunds_once(self, shop: Shop, paid: Payment) -> None:
        with ThreadPoolExecutor(6) as threads:
            made = set(threads.map(lambda _: refund(shop, paid, 10_00).id, range(6)))

        assert len(made) == 1
        assert shop.charged() == Money(37_00)

    def test_declined_payment_has_nothing_to_refund(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card="tok_decline")
        with pytest.raises(CardDeclined):
            charge(shop, ben)
        [payment] = shop.payments.charges.of_customer(ben)

        with pytest.raises(NothingToRefund):
            refund(shop, payment)

    def test_unknown_payment_is_not_found(self, shop: Shop) -> None:
        with pytest.raises(PaymentNotFound):
            shop.payments.refunds.refund("pay_none", reason="none", key="r1")

    def test_refund_the_gateway_refuses_leaves_the_money_and_says_so(self, shop: Shop, paid: Payment) -> None:
        unwilling = shop.with_gateway(UnwillingGateway(shop.sandbox))

        for _ in range(2):
            with pytest.raises(RefundRefused):
                refund(unwilling, paid, 20_00)

        assert shop.payments.charges.find(paid.id).refunded == Money(0)
        assert refund(shop, paid, key="r2").status is RefundStatus.REFUNDED

    def test_warehouse_hears_of_every_change(self, shop: Shop, paid: Payment) -> None:
        refund(shop, paid, 20_00)

        told = shop.events("payments")[-1]

        assert (told["status"], told["amount_cents"], told["refunded_cents"]) == ("approved", 47_00, 20_00)


class TestTold:
    def test_customer_is_told_once_of_what_staff_or_somebody_by_hand_gives_back(
        self, shop: Shop, paid: Payment
    ) -> None:
        by_hand = _by_hand(shop, paid, 7_00)
        for _ in range(2):
            shop.payments.refunds.refund_and_notify(
                paid.id, amount=Money(20_00), reason="it came late", key="r1"
            )
            shop.payments.reconciliation.observe(by_hand)

        told = [(each["template"], each["amount_cents"]) for each in shop.events("notices")]
        assert sorted(told) == [("refund", 7_00), ("refund", 20_00)]

    def test_customer_is_not_told_of_what_the_gateway_refuses(self, shop: Shop, paid: Payment) -> None:
        unwilling = shop.with_gateway(UnwillingGateway(shop.sandbox)).payments

        with pytest.raises(RefundRefused):
            unwilling.refunds.refund_and_notify(paid.id, reason="it came late", key="r1")

        assert shop.events("notices") == []


class TestByHand:
    """What somebody gives back in the gateway's own interface."""

    def test_refunds_are_taken_over_once_each_until_nothing_is_left(self, shop: Shop, paid: Payment) -> None:
        parts = [_by_hand(shop, paid, cents) for cents in (20_00, 27_00)]

        for part in (*parts, *reversed(parts)):
            shop.clock.advance(timedelta(seconds=1))
            shop.payments.reconciliation.observe(part)

        assert [
            (each.amount, each.status, each.origin) for each in shop.payments.refunds.of_payment(paid.id)
        ] == [(Money(cents), RefundStatus.REFUNDED, RefundOrigin.GATEWAY) for cents in (20_00, 27_00)]
        assert status(shop) is PaymentStatus.REFUNDED
        assert shop.events("payments")[-1]["refunded_cents"] == 47_00

    def test_refund_of_our_own_is_not_taken_for_another(self, shop: Shop, paid: Payment) -> None:
        dying = shop.with_gateway(FailingGateway(shop.sandbox, after=Killed()))
        with pytest.raises(Killed):
            refund(dying, paid, 20_00)
        [ours] = shop.payments.refunds.of_payment(paid.id)
        made = shop.sandbox.transactions.find(ours.invoice)
        assert made is not None

        shop.payments.reconciliation.observe(made)

        assert len(shop.payments.refunds.of_payment(paid.id)) == 1

    def test_refund_undone_there_is_money_of_the_shop_again(self, shop: Shop, paid: Payment) -> None:
        made = refund(shop, paid)
        known = shop.sandbox.transactions.find(made.invoice)
        assert known is not None

        for _ in range(2):
            shop.payments.reconciliation.observe(replace(known, stage=Stage.VOIDED))

        assert [each.status for each in shop.payments.refunds.of_payment(paid.id)] == [RefundStatus.REFUSED]
        assert (status(shop), shop.payments.charges.find(paid.id).refunded) == (
            PaymentStatus.APPROVED,
            Money(0),
        )

    def test_refund_waits_for_one_of_ours_that_the_gateway_refuses_now(self, shop: Shop, ana: str) -> None:
        payment = charge(shop, ana)
        refund(shop, payment, 20_00)
        shop.clock.advance(A_DAY)
        whole = _by_hand(shop, payment, 47_00)
        with pytest.raises(NothingToRefund):
            shop.payments.reconciliation.observe(whole)
        shop.payments.reconciliation.run()

        shop.payments.reconciliation.observe(whole)

        assert {each.origin: each.status for each in shop.payments.refunds.of_payment(payment.id)} == {
            RefundOrigin.SHOP: RefundStatus.REFUSED,
            RefundOrigin.GATEWAY: RefundStatus.REFUNDED,
        }
        assert (status(shop), shop.charged()) == (PaymentStatus.REFUNDED, Money(0))

    def test_refund_of_a_charge_that_nobody_here_has_an_answer_to_is_taken_over(
        self, shop: Shop, ana: str
    ) -> None:
        with pytest.raises(Killed):
            charge(shop.with_gateway(killing(shop.sandbox, "after")), ana)
        [payment] = shop.payments.charges.of_customer(ana)
        taken = shop.sandbox.transactions.find(payment.invoice)
        assert taken is not None
        shop.clock.advance(A_DAY)

        shop.payments.reconciliation.observe(taken)
        shop.payments.reconciliation.observe(_by_hand(shop, shop.payments.charges.find(payment.id), 7_00))
        shop.payments.reconciliation.run()

        assert (status(shop), shop.charged()) == (PaymentStatus.REFUNDED, Money(0))

    def test_charge_is_found_though_a_refund_by_hand_has_its_invoice(self, shop: Shop, ana: str) -> None:
        with pytest.raises(Killed):
            charge(shop.with_gateway(killing(shop.sandbox, "after")), ana)
        [payment] = shop.payments.charges.of_customer(ana)
        taken = shop.sandbox.transactions.find(payment.invoice)
        assert taken is not None
        shop.clock.advance(A_DAY)
        by_hand = _by_hand(shop, replace(payment, transaction_id=taken.transaction_id), 7_00)

        shop.with_gateway(RefundFirstGateway(shop.sandbox, by_hand)).payments.reconciliation.run()

        assert shop.payments.charges.find(payment.id).transaction_id == taken.transaction_id

    def test_void_takes_what_a_waiting_part_has_left(self, shop: Shop, ana: str) -> None:
        payment = charge(shop, ana)
        refund(shop, payment, 20_00)
        shop.sandbox.transactions.void(str(payment.transaction_id))
        voided = shop.sandbox.transactions.look_up(str(payment.transaction_id))
        assert voided is not None

        shop.payments.reconciliation.observe(voided)
        shop.clock.advance(A_DAY)
        shop.payments.reconciliation.run()

        assert {(each.amount, each.status) for each in shop.payments.refunds.of_payment(payment.id)} == {
            (Money(20_00), RefundStatus.VOIDED),
            (Money(27_00), RefundStatus.VOIDED),
        }
        assert status(shop) is PaymentStatus.VOIDED


def _by_hand(shop: Shop, payment: Payment, cents: int) -> Transaction:
    card = Return(str(payment.transaction_id), Money(cents), f"by_hand_{cents}", "1111")
    made = shop.sandbox.transactions.look_up(str(shop.sandbox.transactions.refund(card).transaction_id))
    assert made is not None
    return made


class TestCrash:
    def test_process_killed_after_the_refund_has_made_it_once(self, shop: Shop, paid: Payment) -> None:
        dying = shop.with_gateway(FailingGateway(shop.sandbox, after=Killed()))
        with pytest.raises(Killed):
            refund(dying, paid, 20_00)
        shop.clock.advance(timedelta(minutes=1))

        finished = shop.payments.reconciliation.run()

        assert (finished, refund(shop, paid, 20_00).status) == (1, RefundStatus.REFUNDED)
        assert shop.charged() == Money(27_00)

    @pytest.mark.parametrize("lost", ["before", "after"])
    def test_lost_answer_is_looked_up_before_anything_is_asked_again(
        self, shop: Shop, paid: Payment, lost: str
    ) -> None:
        silent = FailingGateway(shop.sandbox, **{lost: GatewaySilent()})  # type: ignore[arg-type]
        pending = refund(shop.with_gateway(silent), paid, 20_00)
        shop.clock.advance(timedelta(minutes=1))

        shop.payments.reconciliation.run()

        assert pending.status is RefundStatus.PENDING
        assert refund(shop, paid, 20_00).status is RefundStatus.REFUNDED
        assert shop.charged() == Money(27_00)


class TestGiveBack:
    def test_charge_of_today_is_voided(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)

        shop.payments.refunds.refund_undelivered("k1", reason="nothing issued")

        assert status(shop) is PaymentStatus.VOIDED
        assert shop.charged() == Money(0)

    def test_settled_charge_is_refunded(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)
        shop.clock.advance(timedelta(days=2))

        shop.payments.refunds.refund_undelivered("k1", reason="nothing issued")

        assert status(shop) is PaymentStatus.REFUNDED
        assert shop.charged() == Money(0)

    def test_key_of_a_returned_payment_buys_nothing(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)
        shop.payments.refunds.refund_undelivered("k1", reason="nothing issued")

        with pytest.raises(PaymentReturned):
            charge(shop, ana)

        assert shop.charges() == 1

    def test_payment_that_bought_something_is_kept(self, shop: Shop, ana: str) -> None:
        shop.payments.charges.mark_delivered(charge(shop, ana))

        shop.payments.refunds.refund_undelivered("k1", reason="nothing issued")

        assert shop.charged() == PRICE

    def test_declined_payment_has_nothing_to_return(self, shop: Shop) -> None:
        ben = shop.welcome("ben", card="tok_decline")
        with pytest.raises(CardDeclined):
            charge(shop, ben)

        shop.payments.refunds.refund_undelivered("k1", reason="nothing issued")

        assert status(shop) is PaymentStatus.DECLINED

    def test_rest_of_what_was_never_delivered_goes_back_although_a_part_has(
        self, shop: Shop, ana: str
    ) -> None:
        refund(shop, charge(shop, ana), 20_00)
        for _ in range(2):
            shop.clock.advance(A_DAY)
            shop.payments.reconciliation.run()

        assert (status(shop), shop.charged()) == (PaymentStatus.REFUNDED, Money(0))

    def test_what_the_gateway_does_not_take_back_is_not_asked_for_ever(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)
        shop.clock.advance(A_DAY)
        unwilling = shop.with_gateway(UnwillingGateway(shop.sandbox)).payments

        assert [unwilling.reconciliation.run() for _ in range(2)] == [1, 0]

    def test_silent_gateway_delays_it_until_reconciled(self, shop: Shop, ana: str) -> None:
        charge(shop, ana)
        silent = shop.with_gateway(FailingGateway(shop.sandbox, silence=GatewaySilent(), silent=1))
        silent.payments.refunds.refund_undelivered("k1", reason="nothing issued")
        shop.clock.advance(timedelta(minutes=1))

        before = status(shop)
        finished = shop.payments.reconciliation.run()

        assert (before, finished) == (PaymentStatus.RETURNING, 1)
        assert status(shop) is PaymentStatus.VOIDED
