from decimal import Decimal

import pytest

from foundation.text.numerals import as_digits, value_said


def test_the_one_of_a_reference_stays_a_word() -> None:
    assert as_digits("the second one and twenty five".split()) == ["the", "second", "one", "and", "25"]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a couple hundred", "200"),
        ("three hundred and fifty", "350"),
        ("two thousand five hundred", "2500"),
        ("twelve ninety five", "$12.95"),
        ("between fifty and seventy five", "between 50 and 75"),
        ("five or six", "5 or 6"),
    ],
)
def test_numbers_in_words_become_digits(said: str, written: str) -> None:
    assert " ".join(as_digits(said.split())) == written


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("forty", "40"),
        ("1,250.50", "1250.50"),
        ("forty-five", "45"),
        ("a couple hundred", "200"),
        ("treinta y cinco", "35"),
        ("ciento veinte", "120"),
        ("1.5k", "1500"),
    ],
)
def test_a_number_of_a_pattern_has_its_value(said: str, value: str) -> None:
    assert value_said(said) == Decimal(value)
