import pytest

from commerce.inventory.vocabulary import vocabulary
from foundation.text.reader import TextReader

ENGLISH = set("slept plumber what is my show me some that taste good please dear shop".split())
GLOSSARIES = vocabulary().glossaries
READER = TextReader(
    GLOSSARIES,
    {"gummies", "membership", "silver", "tincture", "raffle", "tickets", "sleep"},
    is_word=lambda word: word in ENGLISH,
    names=frozenset({("fiesta", "seltzer")}),
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("wanna join ur club", "want to join your club"),
        ("gumies for slep", "gummies for sleep"),
        ("membershp tincturee", "membership tincture"),
        ("sleeeeep", "sleep"),
        ("40 bucks", "40 dollars"),
        ("forty dollars", "40 dollars"),
        ("a hundred and twenty", "120"),
        ("🎟️ pls", "tickets please"),
        ("\u201cwhat\u2019s\u201d my", '" what is " my'),
        ("a couple", "a 2"),
        ("sleepgummies", "sleep gummies"),
    ],
)
def test_slang_typos_and_emoji_become_plain_words(written: str, meant: str) -> None:
    utterance = READER.read(written)

    assert " ".join(utterance.words) == meant
    assert not utterance.is_spanish


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("quiero dos boletos", "i want 2 tickets"),
        ("¿Qué rifas hay?", "what raffles are there ?"),
        ("No quiero nada de menta", "i do not want no mint"),
    ],
)
def test_spanish_is_read_in_the_shops_english(written: str, meant: str) -> None:
    utterance = READER.read(written)

    assert " ".join(utterance.words) == meant
    assert utterance.is_spanish


def test_an_unknown_spanish_word_is_not_taken_for_an_english_typo() -> None:
    assert READER.read("¿qué pasa con slep?").words[-2] == "slep"


def test_an_english_word_is_not_taken_for_a_typo() -> None:
    assert READER.read("slept plumber").words == ("slept", "plumber")


def test_spanish_words_in_an_english_sentence_are_understood_too() -> None:
    utterance = READER.read("show me some gomitas that taste good please my dear shop")

    assert "gummies" in utterance.words
    assert not utterance.is_spanish


def test_words_that_english_shares_stay_english_in_english() -> None:
    assert READER.read("my son is real").words == ("my", "son", "is", "real")


def test_the_name_of_a_product_is_not_translated() -> None:
    assert READER.read("fiesta seltzer").words == ("fiesta", "seltzer")
    assert READER.read("fiesta seltzers").words == ("fiesta", "seltzers")


def test_an_endless_message_is_cut() -> None:
    assert len(READER.read("word " * 100_000).words) == 800


@pytest.mark.parametrize(
    ("written", "meant"),
    [("nto", "not"), ("beter", "better"), ("smthng", "something"), ("membrshp", "membership")],
)
def test_a_mistyped_word_is_read_as_the_likeliest(written: str, meant: str) -> None:
    said = ["better", "better", "beer", "not", "something", "membership"]
    reader = TextReader(GLOSSARIES, said, is_word=lambda _: False)

    assert reader.read(written).words == (meant,)
