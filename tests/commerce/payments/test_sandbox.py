from datetime import UTC, datetime, timedelta

import pytest

from commerce.payments.ports import Charge, GatewaySilent, Plan, Return, Verdict
from foundation.money import Money
from tests.crashes import Killed, then_killed
from tests.shop import Shop


def charge(token: str = "tok_approve", invoice: str = "i_1", cents: int = 5_00) -> Charge:  # noqa: S107
    return Charge(token, Money(cents), invoice, "a test")


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        ("tok_approve", Verdict.APPROVED),
        ("tok_decline", Verdict.DECLINED),
        ("tok_error", Verdict.ERROR),
        ("tok_hold", Verdict.HELD),
    ],
)
def test_token_says_what_the_card_does(shop: Shop, token: str, verdict: Verdict) -> None:
    assert shop.sandbox.transactions.charge(charge(token)).verdict is verdict


def test_same_invoice_within_the_window_is_answered_as_the_original(shop: Shop) -> None:
    first = shop.sandbox.transactions.charge(charge())

    assert shop.sandbox.transactions.charge(charge()) == first
    assert shop.charges() == 1


def test_same_invoice_after_the_window_is_charged_again(shop: Shop) -> None:
    shop.sandbox.transactions.charge(charge())

    shop.clock.advance(timedelta(hours=8))
    shop.sandbox.transactions.charge(charge())

    assert shop.charges() == 2


def test_lost_answer_has_charged_all_the_same(shop: Shop) -> None:
    with pytest.raises(GatewaySilent):
        shop.sandbox.transactions.charge(charge("tok_timeout"))

    found = shop.sandbox.transactions.find("i_1")

    assert found is not None
    assert found.verdict is Verdict.APPROVED


def test_charge_outlives_the_transaction_that_asked_for_it(shop: Shop) -> None:
    with pytest.raises(Killed):
        then_killed(shop.ledger, lambda: shop.sandbox.transactions.charge(charge()))

    assert shop.charged() == Money(5_00)


def test_void_comes_before_settlement_and_refund_after(shop: Shop) -> None:
    transaction = str(shop.sandbox.transactions.charge(charge()).transaction_id)
    refund = Return(transaction, Money(5_00), "r_1", "1111")

    early_refund = shop.sandbox.transactions.refund(refund)
    shop.clock.advance(timedelta(days=1))
    late_void = shop.sandbox.transactions.void(transaction)

    assert (early_refund.verdict, late_void.verdict) == (Verdict.ERROR, Verdict.ERROR)
    assert shop.sandbox.transactions.refund(refund).verdict is Verdict.APPROVED


def test_unknown_transaction_cannot_be_voided(shop: Shop) -> None:
    assert shop.sandbox.transactions.void("txn_none").verdict is Verdict.ERROR


def test_plan_is_charged_on_its_day_each_month_and_at_the_end_of_the_short_ones(shop: Shop) -> None:
    first = datetime(2026, 1, 31, 12, tzinfo=UTC)
    plan_id = shop.sandbox.plans.subscribe(Plan("tok_approve", "Bronze", Money(5_00), first, "s_1"))

    billed = shop.sandbox.plans.bill_due(datetime(2026, 4, 1, tzinfo=UTC))

    charges = [
        shop.sandbox.transactions.look_up(each) for each in shop.sandbox.plans.plan(plan_id).transaction_ids
    ]
    assert billed == 3
    assert [each and each.at.date().isoformat() for each in charges] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
    ]
