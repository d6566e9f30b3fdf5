from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from commerce.age.models import (
    AgeNotProven,
    BadLastFour,
    ImpossibleBirthday,
    IncompleteName,
    TooManyTries,
    UnderAge,
)
from commerce.age.store import age_verifications
from commerce.customers.models import UnknownState
from commerce.customers.service import CustomerNotFound
from tests.shop import ADULT, Shop

MINOR = replace(ADULT, date_of_birth=date(2010, 1, 1))


@pytest.fixture
def ana(shop: Shop) -> str:
    return shop.welcome("ana", adult=False)


class TestVerify:
    def test_adult_is_proven_for_a_year(self, shop: Shop, ana: str) -> None:
        proof = shop.ages.verify(ana, ADULT)

        assert proof.method == "full_verification"
        assert proof.expires_at - proof.verified_at == timedelta(days=365)
        assert shop.ages.status(ana) == proof
        assert shop.ages.is_proven(ana)

    def test_proof_ends_with_its_year(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)

        shop.clock.advance(timedelta(days=365))

        assert not shop.ages.is_proven(ana)

    def test_second_check_within_validity_answers_by_cache(self, shop: Shop, ana: str) -> None:
        first = shop.ages.verify(ana, ADULT)

        second = shop.ages.verify(ana, ADULT)

        assert second == replace(first, method="cache")
        assert len(shop.events("age_verifications")) == 1

    def test_expired_proof_is_renewed(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)
        shop.clock.advance(timedelta(days=400))

        renewed = shop.ages.verify(ana, ADULT)

        assert renewed.method == "full_verification"
        assert shop.ages.is_proven(ana)

    def test_minor_is_refused_and_nothing_is_proven(self, shop: Shop, ana: str) -> None:
        with pytest.raises(UnderAge, match="21 or older"):
            shop.ages.verify(ana, MINOR)

        assert shop.ages.status(ana) is None

    def test_birthday_counts_from_midnight_on_the_wall_of_the_shop(self, shop: Shop, ana: str) -> None:
        turns_21 = replace(ADULT, date_of_birth=date(2005, 3, 2))
        shop.clock.now = datetime(2026, 3, 2, 5, 59, tzinfo=UTC)

        with pytest.raises(UnderAge):
            shop.ages.verify(ana, turns_21)
        shop.clock.advance(timedelta(minutes=1))

        assert shop.ages.verify(ana, turns_21).is_over_21

    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            ({"full_name": "Ana"}, IncompleteName),
            ({"state": "ZZ"}, UnknownState),
            ({"id_last4": "12345"}, BadLastFour),
            ({"id_last4": "\u0661\u0662\u0663\u0664"}, BadLastFour),
            ({"date_of_birth": date(1890, 1, 1)}, ImpossibleBirthday),
            ({"date_of_birth": date(2027, 1, 1)}, ImpossibleBirthday),
        ],
    )
    def test_form_filled_in_wrongly_names_its_field(
        self, shop: Shop, ana: str, changed: dict[str, Any], refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            shop.ages.verify(ana, replace(ADULT, **changed))

        assert shop.ages.status(ana) is None

    def test_unknown_customer_is_refused(self, shop: Shop) -> None:
        with pytest.raises(CustomerNotFound):
            shop.ages.verify("cus_nobody", ADULT)


class TestTries:
    def test_sixth_try_within_a_day_is_refused_even_with_a_fitting_birthday(
        self, shop: Shop, ana: str
    ) -> None:
        for _ in range(5):
            with pytest.raises(UnderAge):
                shop.ages.verify(ana, MINOR)
            shop.clock.advance(timedelta(hours=1))

        with pytest.raises(TooManyTries) as refusal:
            shop.ages.verify(ana, ADULT)

        assert refusal.value.retry_after_seconds == timedelta(hours=19).total_seconds()

    def test_tries_are_forgotten_after_a_day(self, shop: Shop, ana: str) -> None:
        for _ in range(5):
            with pytest.raises(UnderAge):
                shop.ages.verify(ana, MINOR)

        shop.clock.advance(timedelta(hours=24))

        assert shop.ages.verify(ana, ADULT).is_over_21

    def test_refusal_inside_an_outer_transaction_still_counts(self, shop: Shop, ana: str) -> None:
        for _ in range(5):
            with pytest.raises(UnderAge), shop.ledger.transaction():
                shop.ages.verify(ana, MINOR)

        with pytest.raises(TooManyTries):
            shop.ages.verify(ana, ADULT)


class TestRequire:
    def test_unproven_customer_is_sent_to_the_form(self, shop: Shop, ana: str) -> None:
        with pytest.raises(AgeNotProven, match="21 or older") as refusal:
            shop.ages.require(ana)

        assert refusal.value.form == "age_verification"

    def test_proof_of_21_does_not_prove_25(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)

        assert shop.ages.is_proven(ana, minimum_age=18)
        assert not shop.ages.is_proven(ana, minimum_age=25)


class TestPrivacy:
    def test_neither_ledger_nor_audit_holds_name_birthday_number_or_address(
        self, shop: Shop, ana: str
    ) -> None:
        shop.ages.verify(ana, ADULT, ip="203.0.113.7")

        with shop.ledger.transaction() as connection:
            stored = str(connection.execute(select(age_verifications)).one())
        told = str(shop.events("age_verifications"))

        assert not any(
            secret in kept for kept in (stored, told) for secret in ("O'Brien", "1990-05", "'4821'", "203.0.")
        )

    def test_same_birthday_of_two_customers_cannot_be_matched(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)
        shop.welcome("ben")

        digests = {row["date_of_birth_digest"] for row in shop.events("age_verifications")}

        assert len(digests) == 2

    def test_failed_try_is_audited_without_validity(self, shop: Shop, ana: str) -> None:
        with pytest.raises(UnderAge):
            shop.ages.verify(ana, MINOR)

        (audit,) = shop.events("age_verifications")

        assert (audit["verified"], audit["expires_at"], audit["reason"]) == (False, None, "under 21")
