import pytest

from agent.models.offline.safety import asks_of_another, is_underage, masked, names_somebody


@pytest.mark.parametrize("words", ["i am 19", "he is 15", "a 20 year old", "i am only 18", "my son is 17"])
def test_an_age_below_the_limit_is_noticed(words: str) -> None:
    assert is_underage(words.split())


@pytest.mark.parametrize(
    "words", ["i am 35", "i have 17", "20 mg", "it is $15", "i want 5 tickets", "is 10 ok"]
)
def test_other_numbers_are_no_age(words: str) -> None:
    assert not is_underage(words.split())


def test_in_spanish_one_has_years() -> None:
    assert is_underage("i have 17".split(), spanish=True)


@pytest.mark.parametrize("words", ["make ana@example.com a member", "with customer id cus_123"])
def test_somebody_else_is_noticed(words: str) -> None:
    assert names_somebody(words.split())
    assert "somebody" in masked(words.split()) or "another" in masked(words.split())


@pytest.mark.parametrize(
    ("words", "own", "asked"),
    [
        ("what tickets does my wife have", False, True),
        ("show me my brother's status", True, True),
        ("a gift for my wife", False, False),
        ("did i tell you about my wife", True, False),
    ],
)
def test_what_is_anothers_is_noticed(words: str, own: bool, asked: bool) -> None:  # noqa: FBT001
    assert asks_of_another(words.split(), own=own) is asked
