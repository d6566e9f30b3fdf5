from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, distinct, func, select

from commerce.customers.contact import NewAddress
from commerce.fraud.models import (
    Assessment,
    Attempt,
    PurchaseSeen,
    ReviewDecided,
    ReviewNotFound,
    Subject,
)
from commerce.fraud.scoring import FOUND_ALIKE
from commerce.fraud.store import fraud_attempts
from foundation.errors import PaymentDeclined
from foundation.money import Money
from foundation.outbox import OUTBOX
from tests.shop import Shop


@pytest.fixture
def tested(shop: Shop) -> Assessment:
    """The last of nine cards that a new account tries on one device."""
    tried = [
        shop.fraud.assess(_attempt(shop, f"cus_mal{n % 3}", card=f"c{n}", cents=100 + n)) for n in range(9)
    ]
    return tried[-1]


def test_ordinary_customer_is_allowed(shop: Shop) -> None:
    assessed = []
    for number in range(5):
        assessed.append(shop.fraud.assess(_attempt(shop, "cus_ana", cents=40_00 + number)))
        shop.clock.advance(timedelta(days=9))

    assert [each.decision for each in assessed] == ["allow"] * 5
    assert shop.fraud.reviews() == []


def test_card_testing_is_shown_to_staff_with_reasons(shop: Shop, tested: Assessment) -> None:
    review = next(each for each in shop.fraud.reviews() if each.id == tested.review_id)

    assert tested.decision == "review"
    assert review.reasons == tested.reasons
    assert "This device was used 9 times in the last hour; usual is less than one." in review.reasons
    assert any("3 accounts" in reason or "cards" in reason for reason in review.reasons)


def test_stranger_in_an_account_is_shown_to_staff(shop: Shop) -> None:
    for number in range(6):
        shop.fraud.assess(_attempt(shop, "cus_ana", cents=40_00 + number))
        shop.clock.advance(timedelta(days=10))

    stranger = {"device": "d_other", "address": "a_other", "ip": "i_other"}
    assessed = shop.fraud.assess(_attempt(shop, "cus_ana", cents=260_00, **stranger))

    assert assessed.decision == "review"
    assert any("another address, device and network" in reason for reason in assessed.reasons)


def test_attempts_made_at_once_are_all_counted(shop: Shop) -> None:
    attempts = [_attempt(shop, f"cus_{n}", card="c_shared", device=f"d{n}", cents=500 + n) for n in range(20)]

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(shop.fraud.assess, attempts))
    last = shop.fraud.assess(_attempt(shop, "cus_last", card="c_shared", device="d_last"))

    assert _count(shop) == 21
    assert "This card was used 21 times in the last hour; usual is less than one." in last.reasons


def test_declined_attempt_is_remembered(shop: Shop) -> None:
    def checkout(number: int) -> None:
        with shop.ledger.transaction():
            shop.fraud.assess(_attempt(shop, "cus_ana", card=f"c{number}"))
            raise PaymentDeclined("Your card was declined.")

    for number in range(3):
        with pytest.raises(PaymentDeclined):
            checkout(number)

    assert _count(shop) == 3


def test_same_key_is_one_attempt(shop: Shop) -> None:
    for _ in range(3):
        shop.fraud.assess(_attempt(shop, "cus_ana", key="one-order"))

    assert _count(shop) == 1


def test_decision_is_kept_and_told(shop: Shop, tested: Assessment) -> None:
    assert tested.review_id is not None

    decided = shop.fraud.decide(tested.review_id, by="stf_kim", is_fraud=True)
    again = shop.fraud.decide(tested.review_id, by="stf_lee", is_fraud=True)

    assert decided == again
    assert (decided.is_fraud, decided.decided_by, decided.decided_at) == (True, "stf_kim", shop.clock.now)
    assert tested.review_id not in {each.id for each in shop.fraud.reviews()}
    assert _told(shop) == [{"review_id": tested.review_id, "kind": "order", "is_fraud": True}]


def test_decision_is_not_turned_round(shop: Shop, tested: Assessment) -> None:
    assert tested.review_id is not None
    shop.fraud.decide(tested.review_id, by="stf_kim", is_fraud=True)

    with pytest.raises(ReviewDecided):
        shop.fraud.decide(tested.review_id, by="stf_kim", is_fraud=False)


def test_unknown_review_is_not_decided(shop: Shop) -> None:
    with pytest.raises(ReviewNotFound):
        shop.fraud.decide("rev_none", by="stf_kim", is_fraud=True)


def test_what_was_found_fraud_is_known_again_a_month_later(shop: Shop, tested: Assessment) -> None:
    assert tested.review_id is not None
    shop.fraud.decide(tested.review_id, by="stf_kim", is_fraud=True)
    shop.clock.advance(timedelta(days=30))

    another = shop.fraud.assess(_attempt(shop, "cus_other", card="c8", device="d_new", address="a_new"))

    assert another.decision == "review"
    assert another.reasons[0] == "Staff found fraud before with the same card."


def test_genuine_attempt_is_allowed_when_it_is_made_again(shop: Shop) -> None:
    *_, first = [
        shop.fraud.assess(_attempt(shop, f"cus_{number}", card=f"c{number}", key=f"k{number}"))
        for number in range(9)
    ]
    assert first.review_id is not None
    shop.fraud.decide(first.review_id, by="stf_kim", is_fraud=False)

    again = shop.fraud.assess(_attempt(shop, "cus_8", card="c8", key="k8"))

    assert (first.decision, again.decision) == ("review", "allow")


def test_review_outlives_the_purchase_that_is_refused_for_it(shop: Shop) -> None:
    def purchase(number: int) -> None:
        with shop.ledger.transaction():
            shop.fraud.assess(_attempt(shop, f"cus_{number}", card=f"c{number}"))
            raise PaymentDeclined("Somebody has to look at it first.")

    for number in range(9):
        with pytest.raises(PaymentDeclined):
            purchase(number)

    assert "cus_8" in {each.customer_id for each in shop.fraud.reviews()}


def test_what_was_found_genuine_lets_the_like_pass_and_nothing_larger(shop: Shop) -> None:
    *_, first = [shop.fraud.assess(_attempt(shop, f"cus_{n}", card=f"c{n}", cents=50_00)) for n in range(9)]
    assert first.review_id is not None
    shop.fraud.decide(first.review_id, by="stf_kim", is_fraud=False)

    again = [shop.fraud.assess(_attempt(shop, "cus_8", card="c8", cents=cents)) for cents in (50_00, 50_01)]
    stranger = shop.fraud.assess(_attempt(shop, "cus_8", card="c_other", cents=50_00))

    assert [each.decision for each in (*again, stranger)] == ["allow", "review", "review"]


def test_card_told_by_its_looks_counts_less_and_says_so(shop: Shop) -> None:
    scores = {}
    for is_sure in (True, False):
        for number in range(4):
            attempt = _attempt(
                shop, f"cus_{is_sure}{number}", card=f"c_{is_sure}", device=f"d{is_sure}{number}"
            )
            seen = replace(attempt, is_card_unmistakable=is_sure, address_digest=None, ip_digest=None)
            scores[is_sure] = shop.fraud.assess(seen).score

    assert scores[False] < scores[True]


def test_fraud_with_a_card_that_looks_the_same_is_for_staff_to_judge(shop: Shop, tested: Assessment) -> None:
    assert tested.review_id is not None
    shop.fraud.decide(tested.review_id, by="stf_kim", is_fraud=True)
    shop.clock.advance(timedelta(days=30))
    other = _attempt(shop, "cus_other", card="c8", device="d_new", address="a_new", ip="i_new")

    alike = shop.fraud.assess(replace(other, is_card_unmistakable=False))

    assert (alike.decision, alike.score) == ("review", FOUND_ALIKE)
    assert alike.reasons == ("Staff found fraud before with the same card (or one that looks like it).",)


def test_card_of_several_accounts_and_their_common_address_are_known_again(shop: Shop) -> None:
    first, *_, last = [_weigh(shop, name, line1) for name, line1 in LIVING.items()]

    with shop.ledger.transaction() as connection:
        columns = fraud_attempts.c.card_digest, fraud_attempts.c.address_digest
        assert connection.execute(select(*map(_kinds, columns))).one() == (1, 1)
    assert last.score > first.score


LIVING = {"ana": "12 Main St", "ben": "12  MAIN st.", "cleo": "12 main st"}


def _weigh(shop: Shop, name: str, line1: str) -> Assessment:
    """A purchase of somebody new with a card that others have as well."""
    customer_id = shop.welcome(name, card="tok_approve.stolen")
    shop.addresses.add(customer_id, NewAddress(f"{name} Test", line1, "Austin", "TX", "78701"))
    card = shop.payments.cards.default(customer_id)
    return shop.fraud.weigh(
        PurchaseSeen(
            customer_id, Money(30_00), "order", name, card.marks, card.is_unmistakable, shop.clock.now
        )
    )


def _kinds(column: ColumnElement[str]) -> ColumnElement[int]:
    return func.count(distinct(column))


def test_digest_hides_the_value_and_not_that_it_is_the_same(shop: Shop) -> None:
    street = shop.fraud.digest(Subject.ADDRESS, "12 Main St,  Austin")

    assert "main" not in street.lower()
    assert street == shop.fraud.digest(Subject.ADDRESS, "12 MAIN st, austin")
    assert street != shop.fraud.digest(Subject.DEVICE, "12 Main St, Austin")


def test_old_attempts_go_and_reviews_stay(shop: Shop, tested: Assessment) -> None:
    shop.clock.advance(timedelta(days=181))

    gone = shop.fraud.prune(keep=timedelta(days=180))

    assert (gone, _count(shop)) == (9, 0)
    assert tested.review_id in {each.id for each in shop.fraud.reviews()}


@pytest.mark.usefixtures("tested")
def test_erased_customer_leaves_nothing(shop: Shop) -> None:
    shop.fraud.erase("cus_mal2")

    assert _count(shop) == 6
    assert {each.customer_id for each in shop.fraud.reviews()} <= {"cus_mal0", "cus_mal1"}


def _attempt(
    shop: Shop, customer_id: str, *, cents: int = 30_00, key: str | None = None, **seen: str
) -> Attempt:
    given: dict[str, Any] = {"card": f"c_{customer_id}", "address": "a1", "device": "d1", "ip": "i1"} | seen
    return Attempt(
        customer_id=customer_id,
        amount=Money(cents),
        card_digest=given["card"],
        address_digest=given["address"],
        device_digest=given["device"],
        ip_digest=given["ip"],
        at=shop.clock.now,
        kind="order",
        key=key,
    )


def _count(shop: Shop) -> int:
    with shop.ledger.transaction() as connection:
        return int(connection.execute(select(func.count()).select_from(fraud_attempts)).scalar_one())


def _told(shop: Shop) -> list[dict[str, Any]]:
    wanted = select(OUTBOX.c.payload).where(OUTBOX.c.topic == "fraud_decisions")
    with shop.ledger.transaction() as connection:
        return [dict(payload) for payload in connection.execute(wanted).scalars()]
