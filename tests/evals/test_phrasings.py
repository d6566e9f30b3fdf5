"""The sentences that measure the offline model, and how a call is compared with the expected one."""

import string

import pytest

from agent.models.offline import lexicon
from evals.phrasings.sentences import Expected, read
from tools.catalog import TOOLS

SOCIAL = 2
"""Words, up to which a sentence is a phrase that everybody says: "yes please"."""


def test_no_sentence_of_the_test_is_an_example() -> None:
    taught = {_plain(text) for texts in _examples() for text in texts}

    seen = {each.say for each in read("test") if _plain(each.say) in taught}

    assert [say for say in seen if len(_plain(say).split()) > SOCIAL] == []


@pytest.mark.parametrize(
    ("given", "met"),
    [
        ({"category": "edible"}, True),
        ({"category": "edible", "without_categories": ["flower"]}, True),
        ({"category": "edible", "without_categories": ["edible"]}, False),
        ({"category": "edible", "effect": "sleep"}, False),
    ],
)
def test_a_call_that_finds_something_else_is_not_the_expected_one(
    given: dict[str, object],
    met: bool,  # noqa: FBT001
) -> None:
    expected = Expected("search_products", {"category": "edible"})

    assert expected.is_met_by("search_products", given) is met


def test_every_expected_tool_exists() -> None:
    known = {tool.name for tool in TOOLS}

    assert {call.tool for each in read("test") for call in (*each.calls, *each.or_calls)} <= known


def _examples() -> list[tuple[str, ...]]:
    return [*(tool.examples for tool in TOOLS), *lexicon.smalltalk().values()]


def _plain(text: str) -> str:
    return " ".join(text.lower().translate(str.maketrans("", "", string.punctuation + "¿¡")).split())
