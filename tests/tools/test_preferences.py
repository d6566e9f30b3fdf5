from datetime import UTC, datetime

import pytest

from memory.conversations.models import Interaction
from memory.facts.models import Assertion, Origin
from memory.facts.store import Facts
from tests.tools.conftest import Counter


def known(counter: Counter, who: str = "cus_ana") -> dict[str, str]:
    return {fact.predicate: fact.value for fact in counter.memory.facts(who)}


class TestRememberPreference:
    def test_note_is_kept_without_a_question(self, counter: Counter) -> None:
        result = counter.ask("remember_preference", preference="I like mint")

        assert result.say == "I will remember: “I like mint”."
        assert known(counter) == {"mint": "I like mint"}

    def test_change_of_mind_replaces_only_what_it_is_about(self, counter: Counter) -> None:
        counter.ask("remember_preference", preference="I like mint")
        counter.ask("remember_preference", preference="I prefer gummies")

        counter.ask("remember_preference", preference="I hate minty things")

        assert known(counter) == {"mint": "I hate minty things", "edible": "I prefer gummies"}

    @pytest.mark.parametrize(
        ("preference", "about"),
        [
            ("I usually spend about 30 dollars", "budget"),
            ("I'm allergic to nuts", "allergy"),
            ("something for focus", "focus"),
            ("I'm vegan", "i'm vegan"),
        ],
    )
    def test_remark_is_filed_under_what_it_is_about(
        self, counter: Counter, preference: str, about: str
    ) -> None:
        counter.ask("remember_preference", preference=preference)

        assert known(counter) == {about: preference}

    @pytest.mark.parametrize("preference", ["", "x" * 501])
    def test_nothing_and_too_much_are_refused(self, counter: Counter, preference: str) -> None:
        assert counter.ask("remember_preference", preference=preference).is_error


class TestWhatWeKnow:
    def test_everything_kept_is_shown_to_whom_it_belongs(self, counter: Counter) -> None:
        at = datetime(2026, 2, 10, 18, tzinfo=UTC)
        said = Interaction("trn_1", "cus_ana", "thr_old", "chat", at, "any gummies for sleep?", "Yes.")
        counter.memory.learn(said)
        counter.ask("remember_preference", preference="I like mint")

        result = counter.ask("what_we_know")

        assert result.say == (
            "This is what we know about you:\n"
            "- You are Ana Test, ana@example.com.\n"
            "- We have talked 1 time since 10 February 2026, most often about edible and sleep.\n"
            "- You told us, mint: “I like mint” (1 March 2026)."
        )

    def test_it_says_of_whom_and_how_we_know(self, counter: Counter) -> None:
        facts = Facts(counter.shop.ledger, now=counter.shop.clock)
        told = [Assertion("allergic to", "citrus"), Assertion("likes", "edible", subject="mother")]
        facts.record("cus_ana", told, source="trn_1")
        guess = Assertion("preferred category", "vape", origin=Origin.BEHAVIOUR)
        facts.record("cus_ana", [guess], source=None)

        say = counter.ask("what_we_know").say

        assert "- You told us: allergic to citrus (1 March 2026)." in say
        assert "- You told us of your mother: likes edible (1 March 2026)." in say
        assert "- What you buy suggests: preferred category vape (1 March 2026)." in say

    def test_facts_of_another_customer_are_not_shown(self, counter: Counter) -> None:
        ben = counter.shop.welcome("ben")
        counter.ask("remember_preference", who=ben, preference="I like pine")

        result = counter.ask("what_we_know")

        assert "pine" not in result.say
        assert result.say.endswith("You have not told us of any preference yet.")
