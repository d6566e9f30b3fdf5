import pytest

from agent.models.offline import clauses


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("show me gummies and what is my status", ["show me gummies", "what is my status"]),
        ("gummies and tinctures for sleep", ["gummies and tinctures for sleep"]),
        ("between 20 and 40 dollars", ["between 20 and 40 dollars"]),
        ("raffles ? my tickets ?", ["raffles", "my tickets"]),
        ("first , my status . second , sleep gummies", ["my status", "sleep gummies"]),
        ("2 tickets for the spa and 3 tickets for the guitar",
         ["2 tickets for the spa", "3 tickets for the guitar"]),
        ("vapes under 30 , topicals under 20", ["vapes under 30", "topicals under 20"]),
        ("edibles for sleep and topicals for pain", ["edibles for sleep", "topicals for pain"]),
    ],
)  # fmt: skip
def test_a_message_is_cut_where_a_new_wish_begins(words: str, parts: list[str]) -> None:
    nouns = frozenset({"topicals", "tinctures"})

    found = clauses.split(words.split(), nouns=nouns)

    assert [" ".join(part) for part in found] == parts


@pytest.mark.parametrize(
    "words", ["no , silver", "and in flower", "make that 3", "something fruitier", "instead"]
)
def test_a_change_is_known_by_its_cue(words: str) -> None:
    assert clauses.is_cued(words.split())


def test_a_plain_wish_has_no_cue() -> None:
    assert not clauses.is_cued("show me gummies for sleep".split())


def test_how_do_i_join_asks_for_something_to_be_done() -> None:
    assert clauses.asks("what would gold get me".split())
    assert not clauses.asks("how do i join".split())
