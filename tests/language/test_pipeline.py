"""Every user of the language pipeline reads the same sentences alike, and as the table has them."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.language.users import Expected, Users, derived, differing

TABLE = tomllib.loads((Path(__file__).with_name("sentences.toml")).read_text(encoding="utf-8"))
SENTENCES = [Expected(row) for row in TABLE["sentence"]]
FLOORS = {
    "tune": {"pipeline": 0.99, "product search": 0.99, "memory": 0.99, "chat": 0.99},
    "held": {"pipeline": 0.75, "product search": 0.9, "memory": 0.86, "chat": 0.87},
}
"""The least share of sentences in which a user reads all of its parts as the table has them."""


@pytest.fixture(scope="module")
def users() -> Users:
    return Users()


def shares(users: Users, half: str) -> dict[str, Counter[str]]:
    """For each user, how many sentences of the half it reads right: in all, and in each part."""
    right: dict[str, Counter[str]] = {name: Counter() for name in users.readings}
    for sentence in (each for each in SENTENCES if each.half == half):
        meant = derived(sentence.meaning)
        for name, read in users.readings.items():
            said = read(sentence.text)
            wrong = differing(said, meant)
            right[name] += Counter(part for part in said if part not in wrong)
            right[name]["all"] += not wrong
    return right


def test_the_table_is_large_and_in_two_halves_of_like_size() -> None:
    halves = Counter(each.half for each in SENTENCES)

    assert len(SENTENCES) >= 300
    assert set(halves) == {"tune", "held"}
    assert min(halves.values()) > 0.4 * len(SENTENCES)


@pytest.mark.parametrize("half", ["tune", "held"])
def test_each_user_reads_the_sentences_as_they_are_meant(users: Users, half: str) -> None:
    right, count = shares(users, half), sum(each.half == half for each in SENTENCES)

    reached = {name: each["all"] / count for name, each in right.items()}
    assert {name: share for name, share in reached.items() if share < FLOORS[half][name]} == {}


def test_all_users_read_every_sentence_alike(users: Users) -> None:
    differing_users = {
        (sentence.text, name, part)
        for sentence in SENTENCES
        for whole in [derived(users.pipeline(sentence.text))]
        for name, read in users.readings.items()
        for part in differing(read(sentence.text), whole)
    }

    assert differing_users == set()
