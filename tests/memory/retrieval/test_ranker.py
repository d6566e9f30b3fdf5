import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.embeddings import DIMENSIONS, Vectors
from memory.retrieval.ranker import FUSED, Line, Rows, Talk, Weights

ONLY = Weights(*[0.0] * len(Weights._fields))


def axis(number: int) -> Vectors:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[number] = 1
    return vector


def line(text: str, *, speaker: str = "Customer", day: str = "1 May 2026", opens: bool = False) -> Line:
    return Line(speaker, text, day, opens)


def talk_of(*lines: Line, asker: str | None = "Customer") -> Talk:
    """Each line has a meaning of its own: the axis of its number."""
    talk = Talk(asker=asker)
    talk.extend(lines, np.stack([axis(number) for number in range(len(lines))]))
    return talk


def best(talk: Talk, question: str, *, vector: Vectors | None = None, weights: Weights = FUSED) -> int:
    meant = axis(DIMENSIONS - 1) if vector is None else vector
    return int(talk.search(question, meant, weights=weights).scores.argmax())


class TestTalk:
    def test_meaning_and_words_both_count(self) -> None:
        talk = talk_of(
            line("berry", opens=True),
            line("nothing", opens=True),
            line("berry", opens=True),
            line("x", opens=True),
        )

        assert best(talk, "berry", vector=axis(2)) == 2

    def test_the_answer_to_a_question_that_fits_is_found(self) -> None:
        talk = talk_of(
            line("hello there my friend", opens=True),
            line("Which taste do you like best?", speaker="Shop"),
            line("lemon and nothing else"),
            line("a taste of the sea", opens=True),
            line("and nothing else really"),
        )

        scores = talk.search("best taste", axis(DIMENSIONS - 1)).scores

        assert scores[2] > scores[4]
        assert scores[2] > scores[0]

    def test_nothing_is_taken_over_from_another_session(self) -> None:
        talk = talk_of(
            line("Do you like gummies?", opens=True), line("yes", opens=True), line("no", opens=True)
        )

        scores = talk.search("gummies", axis(DIMENSIONS - 1)).scores

        assert scores[1] == scores[2]

    def test_a_day_can_be_asked_for(self) -> None:
        talk = talk_of(*(line("fine", day=f"{day} May 2026", opens=True) for day in (3, 14, 25)))

        assert best(talk, "what was on 14 May?") == 1

    @pytest.mark.parametrize(
        ("question", "asker", "speaker"),
        [
            ("what am I allergic to", "Customer", 0),
            ("what did you say", "Customer", 1),
            ("what did you tell me", "Customer", None),
            ("what did the shop say", "Customer", 1),
            ("what did the shop say", None, 1),
            ("what did I say", None, None),
        ],
    )
    def test_the_one_asked_about_is_preferred(
        self, question: str, asker: str | None, speaker: int | None
    ) -> None:
        talk = talk_of(line("a", opens=True), line("b", speaker="Shop"), asker=asker)

        voiced = talk.search(question, axis(9), weights=ONLY._replace(voice=1.0)).scores.tolist()

        assert voiced == [float(speaker == number) for number in (0, 1)]

    @pytest.mark.parametrize("lines", [(), (line("a", speaker="Shop", opens=True),)])
    def test_whoever_said_nothing_yet_may_ask_about_themselves(self, lines: tuple[Line, ...]) -> None:
        talk = Talk(asker="Customer")
        talk.extend(lines, np.zeros((len(lines), DIMENSIONS), np.float32))

        assert talk.search("what am I allergic to", axis(0)).scores.shape == (len(lines),)

    def test_a_session_counts_by_its_best_three(self) -> None:
        talk = talk_of(*(line(text, opens=not at % 4) for at, text in enumerate("sssxsxxxxxxx")))

        found = talk.search("s", axis(DIMENSIONS - 1), weights=ONLY._replace(session=1.0)).scores.reshape(
            3, 4
        )

        assert (np.ptp(found, axis=1) < 1e-5).all()
        assert found[0, 0] > found[1, 0] > found[2, 0]

    def test_signals_without_difference_say_nothing(self) -> None:
        talk = talk_of(line("same", opens=True), line("same", opens=True))

        assert talk.search("other", axis(9)).scores.tolist() == [0, 0]

    def test_lines_added_one_by_one_rank_as_all_at_once(self) -> None:
        lines = [line(f"word{number % 7} and word{number % 3}", opens=not number % 5) for number in range(40)]
        one_by_one = Talk(asker="Customer")
        for number, each in enumerate(lines):
            one_by_one.extend([each], axis(number)[None])

        found = one_by_one.search("word1 word5", axis(11)).scores

        assert found.tolist() == talk_of(*lines).search("word1 word5", axis(11)).scores.tolist()

    def test_a_talk_goes_on_from_where_another_was_kept(self) -> None:
        lines = [line(f"word{number % 7} and word{number % 3}", opens=not number % 5) for number in range(40)]
        first = talk_of(*lines[:25])

        second = Talk(asker="Customer", base=first.arrays())
        second.extend(lines[25:], np.stack([axis(number) for number in range(25, 40)]))
        third = Talk(asker="Customer", base=second.arrays())

        whole = talk_of(*lines).search("word1 word5", axis(30))
        for talk in (second, third):
            found = talk.search("word1 word5", axis(30))
            assert found.scores == pytest.approx(whole.scores, abs=1e-5)
            assert found.worded.tolist() == whole.worded.tolist()

    def test_the_nearest_are_exact(self) -> None:
        rng = np.random.default_rng(3)
        vectors = rng.normal(size=(500, DIMENSIONS)).astype(np.float32)
        talk = Talk()
        talk.extend([line("x")] * 500, vectors)

        found = talk.nearest(vectors[77], limit=10)

        assert found == np.argsort(-(vectors @ vectors[77]))[:10].tolist()

    @given(st.lists(st.tuples(st.text(max_size=20), st.booleans()), max_size=8), st.text(max_size=20))
    def test_any_text_can_be_said_and_asked(self, said: list[tuple[str, bool]], question: str) -> None:
        talk = Talk(asker="Customer")
        lines = [line(text, opens=opens or not at) for at, (text, opens) in enumerate(said)]
        talk.extend(lines, np.zeros((len(lines), DIMENSIONS), np.float32))

        found = talk.search(question, axis(0))

        assert np.isfinite(found.scores).all()
        assert found.scores.shape == found.worded.shape == (len(said),)


def test_rows_that_were_looked_at_stay_when_more_come() -> None:
    rows = Rows(2)
    rows.extend(np.ones((3, 2), np.float32))
    seen = rows.all()

    for _ in range(20):
        rows.extend(np.zeros((1, 2), np.float32))

    assert seen.tolist() == [[1, 1]] * 3
    assert rows.all().shape == (23, 2)
