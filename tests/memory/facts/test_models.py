from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from memory.facts.models import Assertion, Origin, RecordedAssertion, timeline
from tests.memory.conftest import NOON


def stated(number: int, assertion: Assertion, *, day: float) -> RecordedAssertion:
    return RecordedAssertion(
        f"fct_{number}", "cus_ana", assertion, f"trn_{number}", NOON + timedelta(days=day), NOON
    )


assertions = st.builds(
    Assertion,
    st.just("budget"),
    st.sampled_from(["$40", "$60", "$80"]),
    origin=st.sampled_from(Origin),
)
told = st.lists(assertions, min_size=1, max_size=8).map(
    lambda several: [stated(number, assertion, day=number) for number, assertion in enumerate(several)]
)


class TestTimeline:
    @given(told, st.randoms())
    def test_the_last_word_holds_in_whatever_order_it_was_heard(
        self, told: list[RecordedAssertion], rng: object
    ) -> None:
        shuffled = list(told)
        rng.shuffle(shuffled)  # type: ignore[attr-defined]

        facts = timeline(shuffled)

        words = [each for each in told if each.assertion.origin is Origin.CUSTOMER]
        assert facts == timeline(told)
        assert facts[-1].value == (words or told)[-1].assertion.value
        assert facts[-1].valid_to is None

    @given(told)
    def test_facts_follow_each_other_without_a_gap(self, told: list[RecordedAssertion]) -> None:
        facts = timeline(told)

        assert [fact.valid_to for fact in facts[:-1]] == [fact.valid_from for fact in facts[1:]]

    def test_another_value_that_is_denied_leaves_what_holds(self) -> None:
        now = stated(1, Assertion("lives in", "Austin"), day=1)
        before = stated(2, Assertion("lives in", "Houston", holds=False), day=2)

        assert [fact.value for fact in timeline([now, before])] == ["Austin"]

    def test_of_two_readings_of_the_same_words_the_surer_holds(self) -> None:
        first = stated(1, Assertion("budget", "$40", confidence=0.9), day=1)
        other = stated(2, Assertion("budget", "$400", confidence=0.7), day=1)

        assert timeline([first, other])[-1].value == "$40"

    def test_a_dislike_takes_the_place_of_a_like_of_the_same_thing_alone(self) -> None:
        likes, dislikes = Assertion("likes", "edible"), Assertion("dislikes", "edible")

        assert likes.slot == dislikes.slot
        assert likes.slot not in {Assertion("likes", "mint").slot, Assertion("allergic to", "edible").slot}
