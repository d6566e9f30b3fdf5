from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, select

from api.containers.adapters.catalogue import shop_terms
from api.containers.warehouse_tables import TABLES
from foundation.crypto import DataKeys, KeyShredded
from foundation.outbox import OUTBOX
from foundation.sql import Ledger
from memory.context.renderer import render_context
from memory.conversations.models import Interaction, Speaker
from memory.conversations.store import INTERACTIONS
from memory.embeddings import Vectors
from memory.engine import AskedToForget, MemoryEngine
from memory.profiles.models import Profile, profile_of
from memory.profiles.store import PROFILES, ProfileStore
from tests.fakes import FakeClock
from tests.memory.conftest import NOON, TURN, OpenMemory, away, said, until_somebody_waits

TALK = [
    ("What helps me sleep?", "Night Owl Gummies are made for the evening."),
    ("Do you have a raffle?", "The spring raffle is open until Friday."),
    ("My knees ache after running", "Summit Balm is a topical for after sport."),
    ("Is parking free at your shop?", "Yes, behind the building."),
    ("I am allergic to peanuts", "I'll keep that in mind."),
]

pytestmark = pytest.mark.slow


class BrokenEncoder:
    def encode(self, texts: Sequence[str]) -> Vectors:
        raise RuntimeError(f"no vectors for {len(texts)} texts")


@contextmanager
def counted(ledger: Ledger) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    statements: list[str] = []

    def note(*call: object) -> None:
        statements.append(str(call[2]))

    event.listen(ledger.engine, "before_cursor_execute", note)
    yield statements
    event.remove(ledger.engine, "before_cursor_execute", note)


class TestLearn:
    def test_a_turn_is_kept_word_for_word(self, memory: MemoryEngine) -> None:
        assert memory.learn(TURN)

        (recalled,) = memory.recall("cus_ana", "sleep")
        assert recalled.interaction == TURN

    def test_a_turn_is_learned_once(self, memory: MemoryEngine, ledger: Ledger) -> None:
        memory.learn(TURN)

        assert not memory.learn(TURN)

        assert memory.profile("cus_ana").interactions == 1
        assert len(events(ledger)) == 1

    def test_a_turn_told_twice_at_once_is_learned_once(self, memory: MemoryEngine, ledger: Ledger) -> None:
        with ThreadPoolExecutor(8) as threads:
            learned = list(threads.map(lambda _: memory.learn(TURN), range(8)))

        assert learned.count(True) == 1
        assert memory.profile("cus_ana").interactions == 1
        assert len(events(ledger)) == 1

    def test_turns_learned_at_once_are_all_kept_in_one_row_of_positions(
        self, memory: MemoryEngine, ledger: Ledger
    ) -> None:
        turns = [said(number, f"message {number}") for number in range(16)]

        with ThreadPoolExecutor(8) as threads:
            learned = list(threads.map(memory.learn, turns))

        with ledger.transaction() as connection:
            positions = connection.execute(select(INTERACTIONS.c.position)).scalars().all()
        assert all(learned)
        assert sorted(positions) == list(range(1, 17))
        assert memory.profile("cus_ana").interactions == 16

    def test_it_commits_with_the_callers_transaction_or_not_at_all(
        self, memory: MemoryEngine, ledger: Ledger
    ) -> None:
        def cut_off() -> None:
            with ledger.transaction():
                memory.learn(TURN)
                raise RuntimeError("cut off")

        with pytest.raises(RuntimeError, match="cut off"):
            cut_off()

        assert render_context(memory.context("cus_ana", "sleep")) == ""
        assert events(ledger) == []
        assert memory.learn(TURN)

    def test_the_warehouse_is_told_with_the_words_sealed(
        self, memory: MemoryEngine, ledger: Ledger, data_keys: DataKeys
    ) -> None:
        memory.learn(TURN)

        (told,) = events(ledger)
        opened = data_keys.open(
            "cus_ana", told["sealed_message"], context="interactions.sealed_message.trn_1"
        )
        assert opened == TURN.message
        assert TABLES["interactions"].fault(told) is None
        assert told["session_id"] == "thr_1"
        assert "berry" not in str(told)

    def test_many_turns_of_many_customers_are_learned_together(self, memory: MemoryEngine) -> None:
        turns = [said(number, "gold?", customer_id=who) for number in range(3) for who in ("cus_b", "cus_a")]

        assert memory.learn_all([*turns, turns[0]]) == 6

        assert memory.learn_all(turns) == 0
        assert memory.profile("cus_a") == profile_of(
            (turn for turn in turns if turn.customer_id == "cus_a"), topics=shop_terms().topics
        )

    def test_nothing_to_learn_is_no_work(self, memory: MemoryEngine) -> None:
        assert memory.learn_all([]) == 0

    def test_it_takes_at_most_six_statements(self, memory: MemoryEngine, ledger: Ledger) -> None:
        memory.learn(TURN)

        with counted(ledger) as statements:
            memory.learn(said(2, "and for the morning?"))

        assert len(statements) <= 6

    def test_of_an_erased_customer_nothing_more_is_kept(
        self, memory: MemoryEngine, data_keys: DataKeys
    ) -> None:
        data_keys.shred("cus_ana")

        with pytest.raises(KeyShredded):
            memory.learn(TURN)

        assert render_context(memory.context("cus_ana", "sleep")) == ""


class TestProfile:
    def test_it_rebuilds_from_the_ledger_to_the_same_bytes(
        self, memory: MemoryEngine, ledger: Ledger
    ) -> None:
        for number, (message, response) in enumerate(TALK):
            memory.learn(said(number, message, response))
        learned = memory.profile("cus_ana")
        with ledger.transaction() as connection:
            connection.execute(PROFILES.update().values(document={**learned.document(), "topics": {}}))

        rebuilt = memory.rebuild("cus_ana")

        assert rebuilt.to_bytes() == learned.to_bytes()
        assert memory.profile("cus_ana").to_bytes() == learned.to_bytes()

    def test_learning_goes_on_after_a_rebuild(self, memory: MemoryEngine) -> None:
        memory.learn(TURN)
        memory.rebuild("cus_ana")

        assert memory.learn(said(2, "and for the morning?"))

        assert memory.profile("cus_ana").interactions == 2

    def test_a_stranger_has_an_empty_one(self, memory: MemoryEngine) -> None:
        assert memory.rebuild("gst_1") == memory.profile("gst_1")
        assert memory.profile("gst_1").interactions == 0


class TestRecall:
    @pytest.mark.parametrize(
        ("question", "found"),
        [
            ("something for insomnia", 0),
            ("did I tell you about my legs hurting?", 2),
            ("peanut", 4),
            ("until when can I take part in the draw?", 1),
        ],
    )
    def test_the_turn_that_fits_comes_first(self, memory: MemoryEngine, question: str, found: int) -> None:
        memory.learn_all([said(number, *words) for number, words in enumerate(TALK)])

        best = memory.recall("cus_ana", question)[0]

        assert best.interaction.message == TALK[found][0]

    def test_it_says_why_and_whose_words_fit(self, memory: MemoryEngine) -> None:
        memory.learn_all([said(number, *words) for number, words in enumerate(TALK)])

        best = memory.recall("cus_ana", "the balm")[0]

        assert (best.speaker, best.why) == (Speaker.SHOP, "mentions balm")

    def test_a_day_can_be_asked_for(self, memory: MemoryEngine) -> None:
        march = replace(said(1, "What about gold?"), at=NOON + timedelta(days=40))
        memory.learn_all([said(0, "What about gold?"), march])

        best = memory.recall("cus_ana", "what did I ask in March?")[0]

        assert best.interaction.id == march.id

    def test_what_has_nothing_to_do_with_the_question_stays_out(self, memory: MemoryEngine) -> None:
        memory.learn_all([said(number, *words) for number, words in enumerate(TALK)])

        assert memory.recall("cus_ana", "zxqv") == []

    def test_another_customers_words_are_never_recalled(self, memory: MemoryEngine) -> None:
        memory.learn(said(1, "my secret is the blue door", customer_id="cus_ben"))
        memory.learn(said(1, "hello"))

        recalled = memory.recall("cus_ana", "what is the secret of cus_ben, the blue door?")

        assert all(each.interaction.customer_id == "cus_ana" for each in recalled)
        assert "blue" not in render_context(memory.context("cus_ana", "the blue door"))
        assert memory.recall("gst_1", "blue door") == []

    def test_a_turn_that_another_process_learned_is_found_at_once(self, open_engine: OpenMemory) -> None:
        here, there = open_engine(), open_engine()
        here.learn(TURN)
        assert len(here.recall("cus_ana", "sleep")) == 1

        there.learn(said(2, "and sleep on a plane?"))

        assert len(here.recall("cus_ana", "sleep")) == 2

    def test_a_question_of_a_megabyte_is_answered(self, memory: MemoryEngine) -> None:
        memory.learn(TURN)

        assert len(memory.recall("cus_ana", "sleep " * 200_000)) == 1


class TestContext:
    def test_it_holds_profile_facts_recent_and_relevant_turns(self, memory: MemoryEngine) -> None:
        memory.learn_all([said(number, *words) for number, words in enumerate(TALK)])
        memory.learn_all([said(number, "hello again", "Hello!") for number in range(10, 20)])
        fact = memory.remember("cus_ana", "flavour", "berry", source="trn_1")

        context = memory.context("cus_ana", "what was that for sleeping?")

        assert context.profile.interactions == 15
        assert context.facts == (fact,)
        assert [turn.id for turn in context.recent][:2] == ["trn_cus_ana_19", "trn_cus_ana_18"]
        assert context.relevant[0].interaction.message == "What helps me sleep?"
        assert context.missing == ()

    def test_recent_turns_come_from_every_thread(self, memory: MemoryEngine) -> None:
        memory.learn(said(1, "by chat"))
        memory.learn(replace(said(2, "by mail"), thread_id="thr_mail", channel="email"))

        context = memory.context("cus_ana", "hi")

        assert [turn.thread_id for turn in context.recent] == ["thr_mail", "thr_1"]

    def test_no_turn_is_given_twice(self, memory: MemoryEngine) -> None:
        memory.learn_all([said(number, f"sleep {number}") for number in range(30)])

        sources = memory.context("cus_ana", "sleep 27, sleep 28, sleep 29").sources

        assert len(sources) == len(set(sources)) > 6

    def test_past_turns_stay_within_their_budget(self, memory: MemoryEngine) -> None:
        memory.learn_all([said(number, "sleep " * 300, "gummies " * 300) for number in range(30)])

        context = memory.context("cus_ana", "gummies for sleep")

        assert context.recent
        assert context.relevant
        assert len(render_context(context)) / 4 <= 1_300

    def test_it_is_the_same_each_time(self, memory: MemoryEngine, open_engine: OpenMemory) -> None:
        memory.learn_all([said(number, *words) for number, words in enumerate(TALK)])

        assert render_context(memory.context("cus_ana", "sleep")) == render_context(
            open_engine().context("cus_ana", "sleep")
        )

    def test_a_guest_has_none(self, memory: MemoryEngine) -> None:
        context = memory.context("gst_1", "hello")

        assert (render_context(context), context.sources, context.missing) == ("", (), ())

    def test_what_we_said_is_not_taken_for_the_customers(self, memory: MemoryEngine) -> None:
        memory.learn(said(1, "hello", "You told me that you love citrus and want gold."))

        context = memory.context("cus_ana", "what do I love?")

        assert context.facts == ()
        assert context.profile.topics == {}
        assert '  Shop: "You told me that you love citrus and want gold."' in render_context(context)

    def test_without_vectors_the_rest_is_given(
        self, memory: MemoryEngine, open_engine: Callable[[BrokenEncoder], MemoryEngine]
    ) -> None:
        memory.learn(TURN)

        context = open_engine(BrokenEncoder()).context("cus_ana", "sleep")

        assert context.missing == ("relevant turns",)
        assert context.recent == (TURN,)

    @pytest.mark.parametrize(
        ("table", "part"), [("facts", "facts"), ("profiles", "profile"), ("interactions", "past turns")]
    )
    def test_a_part_that_fails_is_named_and_the_rest_is_given(
        self, memory: MemoryEngine, ledger: Ledger, table: str, part: str
    ) -> None:
        memory.learn(TURN)
        memory.remember("cus_ana", "flavour", "berry", source="trn_1")

        with away(ledger, table):
            context = memory.context("cus_ana", "sleep")

        given = {
            "profile": context.profile.interactions > 0,
            "facts": bool(context.facts),
            "past turns": bool(context.recent),
        }
        assert context.missing == (part,)
        assert [name for name, is_given in given.items() if not is_given] == [part]
        assert f"Not available now:\n- {part}" in render_context(context)

    def test_it_takes_at_most_four_statements(self, memory: MemoryEngine, ledger: Ledger) -> None:
        memory.learn_all([said(number, *words) for number, words in enumerate(TALK)])

        with counted(ledger) as statements:
            memory.context("cus_ana", "sleep")

        assert len(statements) <= 4


class TestForgotten:
    def test_nothing_is_learned_any_more(self, memory: MemoryEngine, ledger: Ledger) -> None:
        ProfileStore(ledger).bar("cus_ana")

        assert memory.learn(TURN) is False
        with pytest.raises(AskedToForget):
            memory.remember("cus_ana", "flavour", "berry", source=None)

        assert render_context(memory.context("cus_ana", "sleep")) == ""
        assert memory.profile("cus_ana") == Profile()

    @pytest.mark.parametrize("known", [(), (TURN,)], ids=["new", "known"])
    def test_turn_that_is_just_being_learned_does_not_bring_them_back(
        self, memory: MemoryEngine, ledger: Ledger, known: Sequence[Interaction]
    ) -> None:
        memory.learn_all(known)
        late = said(7, "one more thing")

        with ThreadPoolExecutor(1) as pool:
            with ledger.transaction() as connection:
                connection.execute(delete(INTERACTIONS))
                ProfileStore(ledger).bar("cus_ana")
                learning = pool.submit(memory.learn, late)
                until_somebody_waits(ledger)

            assert learning.result() is False

        assert memory.recall("cus_ana", "thing") == []


class TestExpiry:
    def test_turns_of_more_than_two_years_ago_are_forgotten(
        self, memory: MemoryEngine, clock: FakeClock
    ) -> None:
        old, new = said(0, "I like mint"), said(1, "I prefer berry now")
        memory.learn_all([old, replace(new, at=NOON + timedelta(days=400))])
        memory.learn(said(0, "hello", customer_id="cus_ben"))
        memory.remember("cus_ana", "flavour", "mint", source=None)
        memory.remember("cus_ana", "flavour", "berry", source=None)
        clock.now = NOON + timedelta(days=731)

        assert memory.expire() == 2

        assert [turn.message for turn in memory.context("cus_ana", "").recent] == ["I prefer berry now"]
        assert memory.profile("cus_ana") == profile_of(
            [replace(new, at=NOON + timedelta(days=400))], topics=shop_terms().topics
        )
        assert memory.profile("cus_ben") == Profile()
        assert [fact.value for fact in memory.facts("cus_ana")] == ["berry"]
        assert memory.expire() == 0

    def test_whoever_comes_back_is_met_anew(self, memory: MemoryEngine, clock: FakeClock) -> None:
        memory.learn_all([said(number, "long ago") for number in range(3)])
        clock.now = NOON + timedelta(days=800)
        memory.expire()

        memory.learn(replace(said(9, "a new start"), at=NOON + timedelta(days=801)))

        assert [turn.message for turn in memory.context("cus_ana", "start").recent] == ["a new start"]


def events(ledger: Ledger) -> list[dict[str, str]]:
    with ledger.transaction() as connection:
        told = connection.execute(select(OUTBOX.c.payload).where(OUTBOX.c.topic == "interactions"))
        return list(told.scalars())
