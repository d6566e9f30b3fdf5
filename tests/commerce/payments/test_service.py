from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from commerce.payments.models import PaymentStatus
from commerce.payments.ports import Transaction
from foundation.money import Money
from tests.commerce.payments.conftest import PRICE, charge, status
from tests.crashes import Killed, RelayedGateway, killing
from tests.shop import Shop


class TestReconcile:
    def test_charge_that_happened_is_found_and_its_money_returned_when_it_bought_nothing(
        self, shop: Shop, ana: str
    ) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "after"))
        with pytest.raises(Killed):
            charge(dying, ana)

        shop.clock.advance(timedelta(minutes=1))
        shop.payments.reconciliation.run()
        found = status(shop)
        shop.clock.advance(timedelta(hours=1))
        shop.payments.reconciliation.run()

        assert (found, status(shop)) == (PaymentStatus.APPROVED, PaymentStatus.VOIDED)
        assert shop.charged() == Money(0)

    def test_charge_that_never_happened_has_failed(self, shop: Shop, ana: str) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "before"))
        with pytest.raises(Killed):
            charge(dying, ana)
        shop.clock.advance(timedelta(minutes=1))

        shop.payments.reconciliation.run()

        assert status(shop) is PaymentStatus.FAILED
        assert shop.charges() == 0

    def test_fresh_intent_is_left_to_the_one_who_works_on_it(self, shop: Shop, ana: str) -> None:
        dying = shop.with_gateway(killing(shop.sandbox, "after"))
        with pytest.raises(Killed):
            charge(dying, ana)

        assert shop.payments.reconciliation.run() == 0
        assert status(shop) is PaymentStatus.PENDING

    def test_payment_in_work_is_not_touched(self, shop: Shop, ana: str) -> None:
        with shop.ledger.transaction():
            charge(shop, ana)
            shop.clock.advance(timedelta(hours=2))

            finished = in_another_thread(shop.payments.reconciliation.run)

        assert finished == 0
        assert status(shop) is PaymentStatus.APPROVED

    def test_delivered_payment_is_kept(self, shop: Shop, ana: str) -> None:
        with shop.ledger.transaction():
            shop.payments.charges.mark_delivered(charge(shop, ana))
        shop.clock.advance(timedelta(days=1))

        assert shop.payments.reconciliation.run() == 0
        assert shop.charged() == PRICE

    def test_payment_that_meets_a_mistake_of_ours_does_not_keep_the_others_waiting(
        self, shop: Shop, ana: str
    ) -> None:
        for key in ("k1", "k2"):
            with pytest.raises(Killed):
                charge(shop.with_gateway(killing(shop.sandbox, "after")), ana, key=key)
            shop.clock.advance(timedelta(minutes=1))
        mistaken = shop.with_gateway(MistakenGateway(shop.sandbox)).payments

        assert mistaken.reconciliation.run() == 1
        assert (status(shop, "k1"), status(shop, "k2")) == (PaymentStatus.PENDING, PaymentStatus.APPROVED)


class MistakenGateway(RelayedGateway):
    """Breaks over the first thing that it is asked to find."""

    is_mended = False

    def find(self, invoice: str) -> Transaction | None:
        if self.is_mended:
            return super().find(invoice)
        self.is_mended = True
        raise RuntimeError("a mistake of ours")


def in_another_thread(work: Callable[[], int]) -> int:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work).result()
