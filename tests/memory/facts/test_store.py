from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.containers.adapters.catalogue import shop_terms
from foundation.errors import Invalid
from foundation.sql import Ledger
from memory.facts.models import Assertion
from memory.facts.store import FACTS, Fact, Facts
from tests.fakes import FakeClock

DAY = timedelta(days=1)


@pytest.fixture
def facts(ledger: Ledger, clock: FakeClock) -> Facts:
    return Facts(ledger, now=clock, terms=shop_terms())


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


class TestNote:
    CITRUS = (Assertion("allergic to", "citrus", confidence=0.9),)

    def test_a_remark_is_one_fact_with_what_is_heard_of_it(self, facts: Facts, clock: FakeClock) -> None:
        at = clock()
        clock.advance(timedelta(seconds=2))
        facts.note("cus_ana", "allergy", "I'm allergic to citrus", read=self.CITRUS, source="call_1")

        facts.record("cus_ana", self.CITRUS, source="trn_1", at=at)

        (fact,) = facts.history("cus_ana")
        assert (fact.predicate, fact.value, fact.valid_to) == ("allergic to", "citrus", None)

    def test_a_correction_that_is_heard_closes_what_was_noted(self, facts: Facts, clock: FakeClock) -> None:
        facts.note("cus_ana", "allergy", "I'm allergic to citrus", read=self.CITRUS, source="call_1")
        clock.advance(DAY)

        facts.record("cus_ana", [replace(self.CITRUS[0], holds=False)], source="trn_2")

        assert facts.current("cus_ana") == []

    def test_a_remark_that_nobody_can_read_takes_the_place_of_what_was_liked(self, facts: Facts) -> None:
        facts.note("cus_ana", "mint", "I like mint", read=[Assertion("likes", "mint")], source=None)

        facts.note("cus_ana", "mint", "mint and I are through", read=[], source=None)

        assert values(facts.current("cus_ana")) == {"mint": "mint and I are through"}


class TestWithdraw:
    @pytest.mark.parametrize("about", ["allergy", "citrus", "Allergic to"])
    def test_a_note_and_a_statement_go_by_the_name_of_either(self, facts: Facts, about: str) -> None:
        facts.note("cus_ana", "allergy", "something with citrus", read=[], source=None)
        facts.record("cus_ana", TestNote.CITRUS, source="trn_1")
        facts.remember("cus_ana", "budget", "$40", source=None)

        facts.withdraw("cus_ana", about)

        left = {fact.predicate for fact in facts.current("cus_ana")}
        assert left == {"budget"} | ({"allergy"} if about != "allergy" else set())

    def test_a_withdrawn_value_no_longer_holds(self, facts: Facts, clock: FakeClock) -> None:
        told = facts.remember("cus_ana", "flavour", "berry", source=None)
        clock.advance(DAY)

        withdrawn = facts.withdraw("cus_ana", "Flavour")

        assert withdrawn == told
        assert facts.current("cus_ana") == []
        assert values(facts.as_of("cus_ana", told.valid_from)) == {"flavour": "berry"}

    def test_there_may_be_nothing_to_withdraw(self, facts: Facts) -> None:
        assert facts.withdraw("cus_ana", "flavour") is None
