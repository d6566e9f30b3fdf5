from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from foundation.errors import Invalid
from foundation.sql import Ledger
from memory.facts import FACTS, Fact, Facts
from tests.fakes import FakeClock

DAY = timedelta(days=1)


@pytest.fixture
def facts(ledger: Ledger, clock: FakeClock) -> Facts:
    return Facts(ledger, now=clock)


def values(facts: list[Fact]) -> dict[str, str]:
    return {fact.predicate: fact.value for fact in facts}


class TestRemember:
    def test_a_new_value_takes_the_place_of_the_old(self, facts: Facts, clock: FakeClock) -> None:
        facts.remember("cus_ana", "flavour", "berry", source="trn_1")
        clock.advance(DAY)

        facts.remember("cus_ana", "Flavour", "citrus", source="trn_2")

        assert values(facts.current("cus_ana")) == {"flavour": "citrus"}

    def test_the_old_value_stays_and_is_dated(self, facts: Facts, clock: FakeClock) -> None:
        first = facts.remember("cus_ana", "flavour", "berry", source="trn_1")
        noon = clock()
        clock.advance(DAY)
        second = facts.remember("cus_ana", "flavour", "citrus", source="trn_2")

        (then,) = facts.as_of("cus_ana", noon + DAY / 2)

        assert then == replace(first, valid_to=second.valid_from)
        assert facts.as_of("cus_ana", noon - DAY) == []

    def test_nothing_but_the_same_predicate_is_replaced(self, facts: Facts) -> None:
        facts.remember("cus_ana", "flavour", "berry", source=None)
        facts.remember("cus_ben", "flavour", "mint", source=None)
        facts.remember("cus_ana", "flavour", "honey", source=None, subject="her mother")

        facts.remember("cus_ana", "effect", "sleep", source=None)

        kept = {(fact.subject, fact.predicate, fact.value) for fact in facts.current("cus_ana")}
        assert kept == {
            ("customer", "flavour", "berry"),
            ("customer", "effect", "sleep"),
            ("her mother", "flavour", "honey"),
        }
        assert values(facts.current("cus_ben")) == {"flavour": "mint"}

    def test_the_same_value_again_changes_nothing(self, facts: Facts, clock: FakeClock) -> None:
        first = facts.remember("cus_ana", "flavour", "berry", source="trn_1")
        clock.advance(DAY)

        again = facts.remember("cus_ana", "flavour", "Berry ", source="trn_2")

        assert again == first

    @pytest.mark.parametrize(("kind", "value"), [("", "berry"), ("flavour", "  "), ("flavour", "x" * 501)])
    def test_what_cannot_be_kept_is_refused_by_name(self, facts: Facts, kind: str, value: str) -> None:
        with pytest.raises(Invalid) as refused:
            facts.remember("cus_ana", kind, value, source=None)

        assert refused.value.details["field"] == ("value" if kind else "kind")

    def test_of_values_told_at_once_one_is_current_and_none_is_lost(
        self, facts: Facts, ledger: Ledger
    ) -> None:
        def remember(number: int) -> Fact:
            return facts.remember("cus_ana", "flavour", f"flavour {number}", source=None)

        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(remember, range(16)))

        with ledger.transaction() as connection:
            kept = connection.execute(select(func.count()).select_from(FACTS)).scalar_one()
        assert len(facts.current("cus_ana")) == 1
        assert kept == len({fact.id for fact in told}) == 16


class TestWithdraw:
    def test_a_withdrawn_value_no_longer_holds(self, facts: Facts, clock: FakeClock) -> None:
        told = facts.remember("cus_ana", "flavour", "berry", source=None)
        clock.advance(DAY)

        withdrawn = facts.withdraw("cus_ana", "Flavour")

        assert withdrawn == told
        assert facts.current("cus_ana") == []
        assert values(facts.as_of("cus_ana", told.valid_from)) == {"flavour": "berry"}

    def test_there_may_be_nothing_to_withdraw(self, facts: Facts) -> None:
        assert facts.withdraw("cus_ana", "flavour") is None
