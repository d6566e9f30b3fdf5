import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.retrieval.bm25 import WordIndex, shared, terms_of


def index_of(*texts: str) -> WordIndex:
    index = WordIndex()
    for text in texts:
        index.add(text)
    return index


class TestWordIndex:
    def test_a_rare_word_weighs_more_than_a_common_one(self) -> None:
        index = index_of("gummies please", "gummies again", "tincture please")

        found = index.scores("gummies or tincture")

        assert found.argmax() == 2

    def test_case_accents_and_endings_do_not_matter(self) -> None:
        index = index_of("The MEMBERSHIPS", "la membresía", "a raffle")

        assert index.scores("membership")[0] > 0
        assert index.scores("MEMBRESIA")[1] > 0

    def test_common_words_of_speech_find_nothing(self) -> None:
        assert index_of("what is it for you").scores("what is it for").tolist() == [0]

    def test_a_repeated_word_counts_less_each_time(self) -> None:
        once, twice, often, _ = index_of("sleep", "sleep " * 2, "sleep " * 20, "gold").scores("sleep")

        assert once < twice < 2 * once
        assert often < 2.5 * once

    def test_an_empty_index_has_no_scores(self) -> None:
        assert WordIndex().scores("sleep").shape == (0,)

    @given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=30))
    def test_any_text_can_be_kept_and_asked(self, texts: list[str], question: str) -> None:
        found = index_of(*texts).scores(question)

        assert found.shape == (len(texts),)
        assert (found >= 0).all()

    def test_a_window_has_the_words_of_the_texts_beside_it_but_not_across_sessions(self) -> None:
        index = index_of("sleep", "gold", "raffle", "gold")
        opens = np.array([True, False, False, True])

        own, windows = index.scores_in_windows("sleep", opens)

        assert (own > 0).tolist() == [True, False, False, False]
        assert (windows > 0).tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("question", "text", "words"),
    [
        ("Which gummies for sleeping?", "a gummy to sleep", ("gummies", "sleeping")),
        ("what is it", "what is it", ()),
        ("gold gold", "gold", ("gold",)),
    ],
)
def test_shared_words_are_named_as_they_were_asked(question: str, text: str, words: tuple[str, ...]) -> None:
    assert shared(question, terms_of(text)) == words
