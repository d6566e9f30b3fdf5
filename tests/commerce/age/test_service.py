from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from commerce.age.evidence import IP_PLACE, LAST_FOUR_PLACE, Evidence
from commerce.age.models import (
    AgeNotProven,
    BadLastFour,
    ImpossibleBirthday,
    IncompleteName,
    TooManyTries,
    UnderAge,
)
from commerce.age.service import AgeRules, AgeVerification
from commerce.age.store import age_verifications
from commerce.customers.models import UnknownState
from commerce.customers.service import CustomerNotFound
from foundation.clock import Calendar
from foundation.crypto import DataKeys, KeyRing, KeyShredded
from tests.shop import ADULT, CHICAGO, Shop

MINOR = replace(ADULT, date_of_birth=date(2010, 1, 1))

pytestmark = pytest.mark.slow


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

    def test_proof_ends_with_its_year_and_counts_for_thirty_days_of_grace(self, shop: Shop, ana: str) -> None:
        proof = shop.ages.verify(ana, ADULT)

        for day, valid, usable in ((364, True, True), (365, False, True), (394, False, True)):
            now = proof.verified_at + timedelta(days=day)
            assert (proof.is_valid(now), proof.is_usable(now)) == (valid, usable)
            assert proof.is_in_grace(now) is (usable and not valid)
        shop.clock.advance(timedelta(days=395, microseconds=-1))
        assert shop.ages.is_proven(ana)
        shop.clock.advance(timedelta(microseconds=1))
        assert not shop.ages.is_proven(ana)

    def test_check_in_the_time_of_grace_is_a_new_one(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)
        shop.clock.advance(timedelta(days=370))

        renewed = shop.ages.verify(ana, ADULT)

        assert renewed.method == "full_verification"
        assert renewed.expires_at == shop.clock() + timedelta(days=365)

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
        ("midnight", "born"),
        [
            (datetime(2026, 1, 1, 6, tzinfo=UTC), date(2005, 1, 1)),
            (datetime(2026, 3, 8, 6, tzinfo=UTC), date(2005, 3, 8)),
            (datetime(2026, 3, 9, 5, tzinfo=UTC), date(2005, 3, 9)),
            (datetime(2026, 11, 1, 5, tzinfo=UTC), date(2005, 11, 1)),
            (datetime(2026, 11, 2, 6, tzinfo=UTC), date(2005, 11, 2)),
            (datetime(2025, 3, 1, 6, tzinfo=UTC), date(2004, 2, 29)),
        ],
        ids=["new year", "clocks go forward", "day after", "clocks go back", "day after that", "leap day"],
    )
    def test_birthday_begins_at_midnight_whatever_the_clocks_do(
        self, shop: Shop, ana: str, midnight: datetime, born: date
    ) -> None:
        turns_21 = replace(ADULT, date_of_birth=born)
        shop.clock.now = midnight - timedelta(seconds=1)

        with pytest.raises(UnderAge):
            shop.ages.verify(ana, turns_21)
        shop.clock.advance(timedelta(seconds=1))

        assert shop.ages.verify(ana, turns_21).is_over_21

    @pytest.mark.parametrize("state", ["tx", "Texas", " texas "])
    def test_state_is_taken_by_code_or_name(self, shop: Shop, ana: str, state: str) -> None:
        assert shop.ages.verify(ana, replace(ADULT, state=state)).state == "TX"

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

    def test_tries_that_count_no_longer_are_dropped(self, shop: Shop, ana: str) -> None:
        dropped = []
        for _ in range(3):
            with pytest.raises(UnderAge):
                shop.ages.verify(ana, MINOR)
            shop.clock.advance(timedelta(hours=12))
            dropped.append(shop.ages.prune())

        assert dropped == [0, 1, 1]

    def test_one_address_has_twenty_failures_a_day_whoever_tries(self, shop: Shop, ana: str) -> None:
        for number in range(5):
            customer_id = shop.welcome(f"minor{number}", card=None, adult=False)
            for _ in range(4):
                with pytest.raises(UnderAge):
                    shop.ages.verify(customer_id, MINOR, ip="203.0.113.7")

        with pytest.raises(TooManyTries):
            shop.ages.verify(ana, ADULT, ip="203.0.113.7")
        assert shop.ages.verify(ana, ADULT, ip="203.0.113.8").is_over_21

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


class TestErase:
    def test_erased_proof_is_gone_and_what_is_kept_of_it_cannot_be_opened(self, shop: Shop, ana: str) -> None:
        proof = shop.ages.verify(ana, ADULT, ip="203.0.113.7")
        kept = shop.events("age_verifications")[0]

        erased = shop.ages.erase(ana, by="adm_boss")

        assert erased == 1
        assert shop.ages.status(ana) is None
        for field, place in (("sealed_metadata", LAST_FOUR_PLACE), ("sealed_ip_address", IP_PLACE)):
            with pytest.raises(KeyShredded):
                shop.keys.open(f"{ana}/{proof.id}", kept[field], context=place)

    def test_erasure_leaves_the_customer_and_a_record_of_who_did_it(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)
        shop.clock.advance(timedelta(seconds=1))

        shop.ages.erase(ana, by="adm_boss")

        audit = shop.events("age_verifications")[-1]
        assert (audit["verification_method"], audit["reason"]) == ("erasure", "1 records erased by adm_boss")
        assert shop.customers.find(ana).id == ana
        assert shop.ages.verify(ana, ADULT).method == "full_verification"

    def test_erasure_is_no_way_around_the_failed_tries(self, shop: Shop, ana: str) -> None:
        for _ in range(5):
            with pytest.raises(UnderAge):
                shop.ages.verify(ana, MINOR)

        shop.ages.erase(ana, by="adm_boss")

        with pytest.raises(TooManyTries):
            shop.ages.verify(ana, ADULT)

    def test_shredding_the_customer_takes_the_records_too(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)

        shop.keys.shred(ana)

        with pytest.raises(KeyShredded):
            shop.ages.records(ana)

    def test_neighbour_with_a_longer_name_keeps_their_records(self, shop: Shop, ana: str) -> None:
        other = shop.welcome("ana2")

        shop.keys.shred(ana)

        assert [each.id_last4 for each in shop.ages.records(other)] == ["4821"]


class TestRotation:
    def test_keys_are_rotated_under_load_without_a_gap(self, shop: Shop) -> None:
        """Before, during and after: everything opens, and at last without the old key."""
        old, new = {"old": bytes(range(32))}, {"new": bytes(range(1, 33))}
        customers = [shop.welcome(f"c{number}", card=None, adult=False) for number in range(12)]

        def rooms(ring: dict[str, bytes]) -> tuple[DataKeys, AgeVerification]:
            keys = DataKeys(shop.ledger, KeyRing(ring), now=shop.clock, held=1)
            evidence, calendar = Evidence(keys, shop.digests), Calendar(CHICAGO, shop.clock)
            return keys, AgeVerification(
                shop.ledger, shop.customers, shop.outbox, evidence, calendar, AgeRules()
            )

        _, before = rooms(old | new | {"test": bytes(range(32))})
        rotating, during = rooms(new | old | {"test": bytes(range(32))})
        for customer_id in customers[:6]:
            before.verify(customer_id, ADULT)

        with ThreadPoolExecutor(4) as pool:
            verified = pool.map(lambda each: during.verify(each, ADULT), customers[6:])
            read = pool.map(lambda each: before.records(each)[0].id_last4, customers[:6] * 3)
            moved = [pool.submit(rotating.rotate, batch=2) for _ in range(2)]
            assert len(list(verified)) == 6
            assert set(read) == {"4821"}
            assert sum(each.result() for each in moved) >= 6
        rotating.rotate()

        _, after = rooms(new)
        assert [after.records(each)[0].id_last4 for each in customers] == ["4821"] * 12


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

    def test_same_form_twice_leaves_digests_that_cannot_be_matched(self, shop: Shop, ana: str) -> None:
        shop.ages.verify(ana, ADULT)
        shop.clock.advance(timedelta(days=366))
        shop.ages.verify(ana, ADULT)

        assert len({row["full_name_digest"] for row in shop.events("age_verifications")}) == 2

    def test_failed_try_is_audited_without_validity(self, shop: Shop, ana: str) -> None:
        with pytest.raises(UnderAge):
            shop.ages.verify(ana, MINOR)

        (audit,) = shop.events("age_verifications")

        assert (audit["verified"], audit["expires_at"], audit["reason"]) == (False, None, "under 21")
