from dataclasses import replace
from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from api.containers.adapters.catalogue import shop_terms
from memory.conversations.models import Interaction
from memory.profiles.models import Profile, profile_of
from memory.understanding.models import Entity, Intent, Understanding
from tests.memory.conftest import NOON, TURN

TOPICS = shop_terms().topics
interactions = st.lists(
    st.builds(
        lambda message, response, channel, hours: replace(
            TURN, message=message, response=response, channel=channel, at=NOON + timedelta(hours=hours)
        ),
        message=st.text(max_size=80) | st.sampled_from(["gummies for sleep", "is gold worth the price?"]),
        response=st.text(max_size=40),
        channel=st.sampled_from(["chat", "email", "voice"]),
        hours=st.integers(0, 1000),
    ),
    max_size=12,
)


class TestProfile:
    def test_nobody_has_an_empty_one(self) -> None:
        assert (Profile().interactions, Profile().style, Profile().preferred_channel) == (0, None, None)

    def test_topics_are_those_the_customer_spoke_of(self) -> None:
        turn = replace(TURN, message="Gummies, or drops, to help me SLEEP?", response="Join the raffle!")

        profile = profile_of([turn, replace(turn, message="and the price of gummies?")], topics=TOPICS)

        assert profile.topics == {"edible": 2, "tincture": 1, "sleep": 1, "price": 1}
        assert profile.favourite_topics == ["edible", "price", "sleep"]

    def test_spanish_words_show_the_same_topics(self) -> None:
        profile = profile_of([replace(TURN, message="No puedo dormir, ¿tienen gomitas?")], topics=TOPICS)

        assert profile.topics == {"sleep": 1, "edible": 1}

    def test_an_older_mail_that_arrives_late_is_not_the_last_contact(self) -> None:
        late = replace(TURN, channel="email", at=NOON - timedelta(days=3))

        profile = profile_of([TURN, late])

        assert (profile.last_at, profile.last_channel) == (NOON, "chat")
        assert profile.first_at == late.at

    def test_long_messages_ask_for_detail(self) -> None:
        long = replace(TURN, message="tell me all about it " * 5)

        assert profile_of([long]).style == "detailed"
        assert profile_of([long, replace(TURN, message="ok"), replace(TURN, message="yes")]).style == "brief"

    @given(interactions, st.integers(0, 12))
    def test_it_is_the_same_in_however_many_batches(self, turns: list[Interaction], cut: int) -> None:
        at_once = profile_of(turns, topics=TOPICS)

        in_two = profile_of(turns[cut:], start=profile_of(turns[:cut], topics=TOPICS), topics=TOPICS)

        assert in_two.to_bytes() == at_once.to_bytes()

    @given(interactions)
    def test_it_survives_being_stored(self, turns: list[Interaction]) -> None:
        profile = profile_of(turns, topics=TOPICS)

        assert Profile.from_document(profile.document()) == profile

    def test_what_was_understood_is_counted_and_what_is_stored_counts_the_same(self) -> None:
        entities = (Entity("effect", "sleep", "sleep", 0, 5), Entity("date", "2026-02-01", "today", 6, 11))
        heard = Understanding("en", -0.5, Intent("search_products", 0.9), entities)
        stored = Understanding.from_document(heard.document())

        profile = profile_of([TURN, replace(TURN, id="trn_2")], understood={"trn_1": heard})

        assert (profile.named, profile.intents) == ({"effect": {"sleep": 1}}, {"search_products": 1})
        assert (profile.sentiment, profile.weighed) == (-0.5, 1)
        assert (
            profile_of([TURN, replace(TURN, id="trn_2")], understood={"trn_1": stored}).to_bytes()
            == profile.to_bytes()
        )

    def test_weeks_of_long_ago_are_let_go(self) -> None:
        turns = [replace(TURN, at=NOON + timedelta(weeks=week)) for week in range(40)]

        assert len(profile_of(turns).weeks) == 26
        assert profile_of(reversed(turns)).weeks == profile_of(turns).weeks

    def test_the_time_zone_of_the_clock_does_not_matter(self) -> None:
        elsewhere = replace(TURN, at=NOON.astimezone(timezone(timedelta(hours=-6))))

        assert profile_of([elsewhere]).to_bytes() == profile_of([TURN]).to_bytes()
