from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.models.offline.counting import count, more, scaled, span
from foundation.text.numbers import Span


@pytest.mark.parametrize(
    ("words", "low", "high", "exact"),
    [
        ("under $40", None, 40, None),
        ("less than 40 dollars", None, 40, None),
        ("up to 45", None, 45, None),
        ("not more than 35", None, 35, None),
        ("not above 35", None, 35, None),
        ("not less than 35", 35, None, None),
        ("at least 30", 30, None, None),
        ("over $30", 30, None, None),
        ("20 or less", None, 20, None),
        ("25 tops", None, 25, None),
        ("50 and up", 50, None, None),
        ("between 20 and 40", 20, 40, None),
        ("$15 to $25", 15, 25, None),
        ("20 - 30 dollars", 20, 30, None),
        ("over 40 but under 60", 40, 60, None),
        ("around 40", 30, 50, 40),
        ("between 20 an 40", 20, 40, None),
        ("in the 20 to 30 range", 20, 30, None),
        ("under 30 gummies", None, 30, None),
        ("for a $80 order", None, None, 80),
        ("$1,250.50", None, None, "1250.50"),
    ],
)
def test_a_price_range_is_read(words: str, low: object, high: object, exact: object) -> None:
    expected = [None if each is None else Decimal(str(each)) for each in (low, high, exact)]

    assert span(words.split()) == Span(*expected)


@pytest.mark.parametrize(
    "words", ["25 mg", "30 % off", "number 2", "nothing here", "about 6 coffees", "after 9 , tea"]
)
def test_what_counts_something_else_is_no_price(words: str) -> None:
    assert span(words.split()) is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("3 tickets", 3),
        ("just one", 1),
        ("a ticket", 1),
        ("not 2 , 3 tickets", 3),
        ("3 tickets not 2", 3),
        ("5 instead of 3", 5),
        ("the second one", None),
        ("number 2", None),
        ("$5", None),
        ("5 dollars", None),
    ],
)
def test_a_count_is_read(words: str, expected: int | None) -> None:
    assert count(words.split()) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("double it", 8),
        ("make it double", 8),
        ("half that", 2),
        ("double", 8),
        ("do not double it", None),
        ("was i charged twice", None),
        ("do not charge me twice", None),
        ("double check my cart", None),
    ],
)
def test_a_count_may_be_told_by_what_it_was(words: str, expected: int | None) -> None:
    assert scaled(words.split(), 4) == expected


def test_half_of_one_is_no_count() -> None:
    assert scaled(["half", "that"], 1) is None


@pytest.mark.parametrize(
    ("words", "expected"), [("2 more", 2), ("add one more please", 1), ("more than 2", None)]
)
def test_a_count_may_be_told_by_what_is_to_come(words: str, expected: int | None) -> None:
    assert more(words.split()) == expected


@given(st.lists(st.sampled_from("under between and to 20 $30 40 mg one not or less , tickets".split())))
def test_any_order_of_words_is_read_without_a_crash(words: list[str]) -> None:
    found = span(words)

    assert found is None or found != Span()
    assert count(words) is None or isinstance(count(words), int)
