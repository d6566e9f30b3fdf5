from datetime import timedelta

from api.containers.adapters.catalogue import shop_terms
from memory.customer_view.service import CustomerView
from memory.facts.models import Assertion, Fact, RecordedAssertion, timeline
from memory.predictions.behaviour import Behaviour
from memory.profiles.models import Profile
from tests.memory.conftest import NOON

TALK = Profile(
    interactions=4,
    channels={"chat": 4},
    named={"category": {"vape": 3, "edible": 1}, "flavour": {"mint": 2, "berry": 1}},
)


def facts(*assertions: Assertion) -> list[Fact]:
    return [
        timeline([RecordedAssertion("fct_1", "cus_ana", assertion, None, NOON, NOON)])[0]
        for assertion in assertions
    ]


class TestCustomerView:
    def test_what_was_said_comes_before_what_was_spoken_of(self) -> None:
        view = CustomerView(
            TALK,
            terms=shop_terms(),
            facts=facts(Assertion("preferred category", "edible"), Assertion("uses for", "sleep")),
        )

        assert view.preferences.categories == ("edible", "vape")
        assert view.preferences.effects == ("sleep",)

    def test_what_they_dislike_is_no_preference_however_often_they_speak_of_it(self) -> None:
        view = CustomerView(
            TALK, facts=facts(Assertion("dislikes", "mint"), Assertion("likes", "mint", subject="mother"))
        )

        assert view.preferences.flavours == ("berry",)

    def test_a_budget_in_any_words_bounds_the_price(self) -> None:
        paid = Behaviour(least_cents=900, most_cents=9_000)

        assert CustomerView(behaviour=paid).preferences.most_cents == 9_000
        assert (
            CustomerView(behaviour=paid, facts=facts(Assertion("budget", "$40"))).preferences.most_cents
            == 4_000
        )
        assert (
            CustomerView(behaviour=paid, facts=facts(Assertion("budget", "not much"))).preferences.most_cents
            == 9_000
        )

    def test_the_channel_they_asked_for_is_preferred_to_the_one_they_use(self) -> None:
        assert CustomerView(TALK).preferred_channel() == "chat"
        assert (
            CustomerView(TALK, facts=facts(Assertion("preferred channel", "text"))).preferred_channel()
            == "text"
        )

    def test_engagement_is_between_nothing_and_everything_and_wears_off(self) -> None:
        weekly = Profile(last_at=NOON, weeks={f"2026-01-{day:02}": 9 for day in (5, 12, 19, 26)})

        now, later = (CustomerView(weekly).engagement(NOON + timedelta(days=days)) for days in (0, 60))

        assert CustomerView().engagement(NOON) == 0
        assert 0 < later < now <= 1
