import pytest

from memory.facts.reader import AssertionReader


def read(reader: AssertionReader, message: str) -> set[tuple[str, str, str]]:
    return {(each.subject, each.predicate, each.value) for each in reader.read(message) if each.holds}


@pytest.mark.parametrize(
    ("message", "assertion"),
    [
        ("I'm allergic to citrus", ("customer", "allergic to", "citrus")),
        ("I prefer edibles", ("customer", "preferred category", "edible")),
        ("budget 40", ("customer", "budget", "$40")),
        ("I can\u2019t spend more than forty-five dollars", ("customer", "budget", "$45")),
        ("I don't like gummies any more", ("customer", "dislikes", "edible")),
        ("It's for my mother", ("customer", "shops for", "mother")),
        ("I moved to Austin", ("customer", "lives in", "Austin")),
        ("i live in san antonio now", ("customer", "lives in", "San Antonio")),
        ("Could you remember that I'm vegan?", ("customer", "diet", "vegan")),
        ("My wife can't stand mint", ("wife", "dislikes", "mint")),
        ("It's for my dad. He likes berry.", ("father", "likes", "berry")),
        ("Me mudé a Laredo", ("customer", "lives in", "Laredo")),
        ("ya no me gustan las gomitas", ("customer", "dislikes", "edible")),
        ("a mi esposo le gusta la menta", ("husband", "likes", "mint")),
        ("gummies are not my cup of tea", ("customer", "dislikes", "edible")),
    ],
)
def test_what_a_customer_states_is_read(
    reader: AssertionReader, message: str, assertion: tuple[str, str, str]
) -> None:
    assert assertion in read(reader, message)


@pytest.mark.parametrize(
    "message",
    [
        "Am I allergic to citrus?",
        "what if I'm vegan",
        "If I moved to Austin, would you ship there",
        "maybe I prefer vapes",
        "You told me that I prefer vapes.",
        "You wrote \u201cI am allergic to nuts\u201d.",
        "> I live in Dallas\nwhy do you say that?",
        "My dog is allergic to chicken and loves peanut butter",
        "My neighbor said I live in Dallas",
        "he likes mint",
        "I'm not allergic to anything",
        "I want two gummies under 40",
        "",
        "\U0001f600\U0001f33f",
        "\u05d0\u05e0\u05d9 \u05d0\u05d5\u05d4\u05d1",
    ],
)
def test_what_states_nothing_is_not_learned(reader: AssertionReader, message: str) -> None:
    assert read(reader, message) == set()


def test_what_is_denied_is_taken_back(reader: AssertionReader) -> None:
    (assertion,) = reader.read("I'm no longer allergic to citrus")

    assert (assertion.predicate, assertion.value, assertion.holds) == ("allergic to", "citrus", False)


def test_of_two_values_in_a_message_the_last_counts(reader: AssertionReader) -> None:
    assert read(reader, "My budget is 40. Sorry, I meant 60 for my budget.") == {
        ("customer", "budget", "$60")
    }


def test_a_message_of_a_megabyte_is_read_in_its_head_alone(reader: AssertionReader) -> None:
    assertions = read(reader, "I'm allergic to citrus. " + "a" * 500_000 + " I am vegan" * 50_000)

    assert assertions == {("customer", "allergic to", "citrus")}
